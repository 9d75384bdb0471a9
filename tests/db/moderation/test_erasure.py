"""An operator erases users: nothing of them is left in any table."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.support.dumps import dump
from tests.support.invariants import breaches
from tests.support.waiting import locked, waiting
from tests.support.world import World

MODES = ["keep", "anonymize", "delete"]
NAME, EMAIL = "Annabella Quux", "annabella.quux@example.test"


@dataclass
class Chat:
    """A user who has left traces in every table, and two others."""

    organization: UUID
    user: UUID
    ben: UUID
    cleo: UUID
    group: UUID
    message: UUID
    file: str


@pytest.fixture
def chat(world: World) -> Chat:
    user, ben, cleo = world.user(NAME), world.user("ben"), world.user("cleo")
    world.operator.execute("update auth.users set email = %s where id = %s", (EMAIL, user))
    organization = world.organization(user, ben, cleo)
    group = world.group(organization, user, ben, cleo)
    direct = world.direct(organization, user, ben)
    world.send(user, direct, "between us")
    message = world.send(user, group, "the plan is good")
    gone = world.send(user, group, "a mistake")
    answer, other = world.send(ben, group, "fine"), world.send(ben, group, "removed later")
    path = f"{organization}/chat/{group}/{uuid4()}_plan.pdf"
    loose = f"{organization}/chat/{group}/{uuid4()}_loose.pdf"
    with world.acting(user) as conn:
        for name in (path, loose):
            conn.execute(
                "insert into storage.objects (bucket_id, name, owner_id) values ('attachments', %s, %s)",
                (name, str(user)),
            )
    attachment = {
        "id": path.split("/")[3][:36],
        "name": "plan.pdf",
        "type": "application/pdf",
        "size": 1,
        "url": path,
    }
    world.value(user, "select id from send_message(%s, null, %s)", group, Jsonb([attachment]))
    for target in (answer, other, message):
        world.value(user, "select toggle_reaction(%s, '👍')", target)
        world.value(ben, "select toggle_reaction(%s, '👍')", target)
    world.value(user, "select mark_conversation_read(%s)", group)
    world.changed(user, "update messages set deleted_at = now() where id = %s", gone)
    world.changed(ben, "update messages set deleted_at = now() where id = %s", other)
    second = world.group(organization, user, ben, cleo)
    world.changed(
        user,
        "delete from conversation_participants where conversation_id = %s and user_id = %s",
        second,
        user,
    )
    world.operator.execute("insert into storage.buckets (id, name) values ('avatars', 'avatars')")
    world.operator.execute(
        "insert into storage.objects (bucket_id, name, owner_id) values ('avatars', 'a.png', %s)",
        (str(user),),
    )
    _uploads(world, user)
    world.operator.execute(
        "insert into private.seed_runs (world, seed, world_version, organization_ids, user_ids) "
        "values ('demo', 1, 1, array[%s]::uuid[], array[%s, %s]::uuid[])",
        (organization, user, ben),
    )
    _signs_in(world, user)
    for statement in (
        "select moderation.mute_user(%(user)s, 'op', 'insults', p_conversation_id => %(group)s)",
        "select moderation.suspend_user(%(user)s, 'op', 'spam', null, null, 'be nice')",
        "select moderation.remove_participants(%(group)s, array[%(cleo)s]::uuid[], 'op', 'spam')",
        "select moderation.undo(3, 'op', 'a mistake')",
    ):
        world.operator.execute(statement.encode(), {"user": user, "group": group, "cleo": cleo})
    _signs_in(world, user)
    return Chat(organization, user, ben, cleo, group, message, path)


def _uploads(world: World, user: UUID) -> None:
    """What Storage keeps of an upload that is not finished."""
    world.operator.execute(
        "insert into storage.s3_multipart_uploads (id, upload_signature, bucket_id, key, version, owner_id) "
        "values ('1', 's', 'attachments', 'k', 'v', %s)",
        (str(user),),
    )
    world.operator.execute(
        "insert into storage.s3_multipart_uploads_parts "
        "(upload_id, part_number, bucket_id, key, etag, version, owner_id) "
        "values ('1', 1, 'attachments', 'k', 'e', 'v', %s)",
        (str(user),),
    )


def _signs_in(world: World, user: UUID) -> None:
    """What Auth keeps of a user, with and without a foreign key."""
    session = uuid4()
    world.operator.execute("insert into auth.sessions (id, user_id) values (%s, %s)", (session, user))
    world.operator.execute(
        "insert into auth.refresh_tokens (token, user_id, session_id) values (%s, %s, %s), (%s, %s, null)",
        (f"new-{session}", user, session, f"old-{session}", user),
    )
    world.operator.execute(
        "insert into auth.identities (provider_id, user_id, identity_data, provider) "
        "values (%s, %s, %s, 'x')",
        (str(session), user, Jsonb({"sub": str(user), "email": EMAIL})),
    )
    world.operator.execute(
        "insert into auth.flow_state (id, user_id, provider_type, authentication_method) "
        "values (%s, %s, 'x', 'x')",
        (session, user),
    )
    for payload in ({"actor_id": str(user)}, {"actor_username": EMAIL}, {"actor_username": "x" + EMAIL}):
        world.operator.execute(
            "insert into auth.audit_log_entries (id, payload) values (%s, %s)", (uuid4(), Jsonb(payload))
        )


def erase(world: World, chat: Chat, mode: str, reason: str = "a request") -> dict[str, tuple[int, str]]:
    cursor = world.operator.execute(
        "select place, number, becomes from moderation.erase_user(%s, %s, 'op', %s, 'T-1')",
        (chat.user, mode, reason),
    )
    return {place: (number, becomes) for place, number, becomes in cursor}


@pytest.mark.parametrize("mode", MODES)
def test_nothing_of_an_erased_user_is_left_in_any_table(world: World, chat: Chat, mode: str) -> None:
    texts = [str(chat.user), chat.user.hex, EMAIL, NAME]
    before = dump(world, without=())
    assert sum(text in str(rows) for rows in before.values() for text in texts) > 20
    inventory = erase(world, chat, mode)
    left = {
        (table, text)
        for table, rows in dump(world, without=()).items()
        for text in texts
        if text.lower() in str(rows).lower().replace("x" + EMAIL, "")
    }
    assert left == set()
    assert not breaches(world.operator)
    found = {table for table, rows in before.items() if str(chat.user) in str(rows) or EMAIL in str(rows)}
    reported = {place.partition(" (")[0] for place in inventory}
    assert found - {"auth.audit_log_entries"} <= reported


@pytest.mark.parametrize(
    ("mode", "contents", "files"),
    [
        ("keep", ["the plan is good", None, "fine", None, ""], 0),
        ("anonymize", ["the plan is good", None, "fine", None, None], 2),
        ("delete", [None, None, "fine", None, None], 2),
    ],
)
def test_what_becomes_of_the_messages(
    world: World, chat: Chat, mode: str, contents: list[str | None], files: int
) -> None:
    erase(world, chat, mode)
    rows = world.rows(
        chat.ben,
        "select sender_id, content from messages where conversation_id = %s order by seq",
        chat.group,
    )
    assert [content or None for _, content in rows] == [content or None for content in contents]
    assert [sender for sender, _ in rows] == [None, None, chat.ben, chat.ben, None]
    assert world.fact("select count(*) from private.files_to_delete") == files
    visible = world.value(chat.ben, "select count(*) from storage.objects")
    assert visible == 2 - files
    kept = str(world.fact("select array_agg(d::text) from private.deleted_messages d"))
    assert ("a mistake" in kept) == (mode == "keep")
    assert "removed later" in kept
    reactions = world.fact("select array_agg(reactions::text) from messages where reactions <> '[]'")
    assert len(reactions) == (1 if mode == "delete" else 2)


def test_what_the_user_is_called_is_masked_in_their_messages(world: World, chat: Chat) -> None:
    world.operator.execute(
        "update messages set content = %s where id = %s",
        (f"I am {NAME.upper()}, {EMAIL}; not {NAME}s ({chat.user})", chat.message),
    )
    erase(world, chat, "anonymize")
    assert (
        world.fact("select content from messages where id = %s", chat.message)
        == f"I am [erased], [erased]; not {NAME}s ([erased])"
    )


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("高橋 結衣", "高橋 結衣さん、高橋\u3000結衣です", "[erased]さん、[erased]です"),
        ("李明", "我是李明。", "我是[erased]。"),
        ("Ann Lee", "ANN  lee, Ann\nLee; Joann Lee, Ann Lees, Ann Leeさん",
         "[erased], [erased]; Joann Lee, Ann Lees, [erased]さん"),
        ("Ann Lee", "谢谢{email}谢谢", "谢谢[erased]谢谢"),
        ("Ann Lee", "{hex} {HEX} {id}", "[erased] [erased] [erased]"),
        ("A.n (x)", "Abn (x) a.n (x)", "Abn (x) [erased]"),
    ],
)  # fmt: skip
def test_a_name_is_masked_however_it_is_written(
    world: World, chat: Chat, name: str, text: str, expected: str
) -> None:
    world.operator.execute("update public.user_profiles set full_name = %s where id = %s", (name, chat.user))
    content = text.format(email=EMAIL, hex=chat.user.hex, HEX=chat.user.hex.upper(), id=chat.user)
    world.operator.execute("update messages set content = %s where id = %s", (content, chat.message))
    erase(world, chat, "anonymize")
    assert world.fact("select content from messages where id = %s", chat.message) == expected


@pytest.mark.parametrize("mode", MODES)
def test_conversations_keep_their_places_in_lists(world: World, chat: Chat, mode: str) -> None:
    times = "select array_agg((id, updated_at)::text order by id) from public.conversations where is_group"
    before = world.fact(times)
    erase(world, chat, mode)
    assert world.fact(times) == before


@pytest.mark.parametrize("mode", MODES)
def test_the_inventory_is_what_was_there(world: World, chat: Chat, mode: str) -> None:
    with world.operator.transaction(force_rollback=True):
        previewed = erase(world, chat, mode)
    inventory = erase(world, chat, mode)
    assert inventory == previewed
    counts = {place: number for place, (number, _) in inventory.items()}
    assert counts["public.messages (sent)"] == 4
    assert counts["public.messages (reactions)"] == 2
    assert counts["private.deleted_messages (reactions)"] == 1
    assert counts["storage.objects (attachments)"] == 2
    assert counts["storage.objects (other buckets)"] == 1
    assert counts["auth.audit_log_entries"] == 4
    assert counts["storage.s3_multipart_uploads"] == counts["storage.s3_multipart_uploads_parts"] == 1
    assert counts["private.seed_runs"] == 1
    assert counts["auth.users"] == 1


@pytest.mark.parametrize("mode", MODES)
def test_the_log_keeps_a_pseudonym_that_leads_to_nobody(world: World, chat: Chat, mode: str) -> None:
    pseudonym = world.fact("select targets[1] from moderation.log where action = 'user.suspend'")
    erase(world, chat, mode)
    entry = world.operator.execute(
        "select targets, user_id, details ->> 'mode' from moderation.log where action = 'user.erase'"
    ).fetchone()
    assert entry == ([pseudonym], None, mode)
    with pytest.raises(psycopg.Error) as error:
        erase(world, chat, mode)
    assert error.value.sqlstate == "PT404"
    assert world.fact("select count(*) from moderation.log where action = 'user.erase'") == 1


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("subject", ["organization", "conversation", "user"])
def test_a_hold_prevents_an_erasure(world: World, chat: Chat, mode: str, subject: str) -> None:
    target = {"organization": chat.organization, "conversation": chat.group, "user": chat.user}[subject]
    world.operator.execute(
        f"select moderation.create_hold('legal-7', 'op', 'a lawsuit', p_{subject}_id => %s)".encode(),
        (target,),
    )
    before = dump(world, without=())
    with pytest.raises(psycopg.Error) as error:
        erase(world, chat, mode)
    assert (error.value.sqlstate, error.value.diag.message_hint) == ("PT409", "HELD")
    assert dump(world, without=()) == before


@pytest.fixture
def elsewhere(world: World) -> tuple[UUID, UUID, UUID, UUID]:
    """Two users, their organization, and a group in which the first has sent nothing."""
    user, ben, cleo = world.user(NAME), world.user("ben"), world.user("cleo")
    organization = world.organization(user, ben, cleo)
    return user, ben, organization, world.group(organization, ben, user, cleo)


TRACES = ["reaction", "reaction of a deleted message", "upload", "deleted message without a sender"]


@pytest.mark.parametrize("subject", ["organization", "conversation", "user"])
@pytest.mark.parametrize("trace", TRACES)
def test_a_hold_on_what_an_erasure_would_change_prevents_it(
    world: World, elsewhere: tuple[UUID, UUID, UUID, UUID], trace: str, subject: str
) -> None:
    user, ben, organization, group = elsewhere
    held = {"organization": organization, "conversation": group, "user": ben}[subject]
    if trace.startswith("reaction"):
        message = world.send(ben, group)
        world.value(user, "select toggle_reaction(%s, '👍')", message)
        if trace != "reaction":
            world.changed(ben, "update messages set deleted_at = now()")
    elif trace == "upload":
        held = user if subject == "user" else held
        world.changed(
            user,
            "insert into storage.objects (bucket_id, name, owner_id) values ('attachments', %s, %s)",
            f"{organization}/chat/{group}/{uuid4()}_plan.pdf",
            str(user),
        )
    else:
        held = user if subject == "user" else held
        world.send(user, group)
        world.changed(user, "update messages set deleted_at = now()")
        world.changed(None, "update messages set sender_id = null", role="service_role")
    world.operator.execute(
        f"select moderation.create_hold('legal-7', 'op', 'a lawsuit', p_{subject}_id => %s)".encode(), (held,)
    )
    before = dump(world, without=())
    with pytest.raises(psycopg.Error) as error:
        world.operator.execute("select moderation.erase_user(%s, 'delete', 'op', 'a request')", (user,))
    assert (error.value.sqlstate, error.value.diag.message_hint) == ("PT409", "HELD")
    assert dump(world, without=()) == before


def test_other_holds_do_not_prevent_an_erasure(
    world: World, elsewhere: tuple[UUID, UUID, UUID, UUID]
) -> None:
    user, ben, _, group = elsewhere
    world.send(ben, group)
    world.operator.execute(
        "select moderation.create_hold('legal-7', 'op', 'a lawsuit', p_user_id => %s)", (ben,)
    )
    world.operator.execute("select moderation.erase_user(%s, 'keep', 'op', 'a request')", (user,))
    assert world.fact("select count(*) from user_profiles where id = %s", user) == 0


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("select from auth.users where id = %(user)s for update", "private.send_windows"),
        ("select from message_reports where sender_id = %(user)s for update", "public.messages"),
        ("select from conversations for update", None),
    ],
    ids=["the user of Auth", "reports", "conversations"],
)
def test_an_erasure_waits_in_the_order_of_all_writes(
    world: World, chat: Chat, first: str, second: str | None
) -> None:
    """What it locks later is free; when it waits for conversations, it has read all whole tables."""
    world.value(chat.ben, "select report_message(%s, 'spam')", chat.message)
    with world.database.connect() as other, world.database.connect() as eraser:
        other.execute("begin")
        other.execute(first.encode(), {"user": chat.user})

        def erase_them() -> None:
            eraser.execute("select moderation.erase_user(%s, 'delete', 'op', 'a request')", (chat.user,))

        with waiting(eraser, erase_them, world.operator) as erased:
            if second:
                key = "user_id" if "windows" in second else "id"
                assert locked(world.operator, second, key) == []
            else:
                assert len(locked(world.operator, "auth.audit_log_entries")) == 4
                assert len(locked(world.operator, "storage.objects")) == 3
            other.execute("commit")
            erased.result()


@pytest.mark.parametrize(
    ("mode", "reason"), [("forget", "a request"), ("keep", ""), ("keep", f"{NAME} asks"), ("keep", EMAIL)]
)
def test_a_bad_erasure_is_refused(world: World, chat: Chat, mode: str, reason: str) -> None:
    before = dump(world, without=())
    with pytest.raises(psycopg.Error) as error:
        erase(world, chat, mode, reason)
    assert error.value.sqlstate == "PT400"
    assert dump(world, without=()) == before
