"""An operator mutes users: they read, but do not write, everywhere or in one organization or conversation."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.support.dumps import dump
from tests.support.world import World

LATER = datetime.now(UTC) + timedelta(days=3)


@dataclass
class Chat:
    """A group that ann manages, with a message of each of two, and ann's other organization."""

    organization: UUID
    ann: UUID
    ben: UUID
    cleo: UUID
    group: UUID
    mine: UUID
    theirs: UUID
    elsewhere: UUID
    other_group: UUID

    def place(self, scope: str) -> dict[str, UUID | None]:
        return {
            "organization_id": self.organization if scope == "organization" else None,
            "conversation_id": self.group if scope == "conversation" else None,
        }


@pytest.fixture
def chat(world: World) -> Chat:
    organization, (ann, ben, cleo, dan) = world.team(4)
    world.operator.execute("update user_profiles set full_name = 'dan' where id = %s", (dan,))
    elsewhere = world.organization(ann, ben, cleo)
    group = world.group(organization, ann, ben, cleo)
    other_group = world.group(elsewhere, ann, ben, cleo)
    mine, theirs = world.send(ann, group, "mine"), world.send(ben, group, "theirs")
    return Chat(organization, ann, ben, cleo, group, mine, theirs, elsewhere, other_group)


def mute(
    world: World, chat: Chat, scope: str, until: datetime | None = None, shown: str | None = None
) -> str:
    return str(
        world.fact(
            "select status from moderation.mute_user(%s, 'ann', 'insults', null, %s, %s, %s, %s)",
            chat.ann,
            *chat.place(scope).values(),
            until,
            shown,
        )
    )


def unmute(world: World, chat: Chat, scope: str) -> str:
    return str(
        world.fact(
            "select status from moderation.unmute_user(%s, 'ann', 'a mistake', null, %s, %s)",
            chat.ann,
            *chat.place(scope).values(),
        )
    )


def actions(world: World) -> list[str]:
    return [row[0] for row in world.operator.execute("select action from moderation.log order by id")]


WRITES = {
    "send": "insert into messages (organization_id, conversation_id, sender_id, content) "
    "values (%(organization)s, %(group)s, %(ann)s, 'hm')",
    "send by function": "select send_message(%(group)s, 'hm')",
    "edit": "update messages set content = 'hm' where id = %(mine)s",
    "react": "update messages set reactions = reactions || "
    "jsonb_build_array(jsonb_build_object('userId', %(ann)s::text, 'emoji', 'ok')) where id = %(theirs)s",
    "react by function": "select toggle_reaction(%(theirs)s, 'ok')",
    "rename": "update conversations set name = 'hm' where id = %(group)s",
    "add": "insert into conversation_participants (conversation_id, user_id) "
    "select %(group)s, id from user_profiles where full_name = 'dan'",
    "remove others": "delete from conversation_participants "
    "where (conversation_id, user_id) = (%(group)s, %(cleo)s)",
}
STARTS = {
    "start": "insert into conversations (organization_id, is_group, created_by) "
    "values (%(organization)s, false, %(ann)s)",
    "start by function": "select start_direct_conversation(%(ben)s, %(organization)s)",
    "start a group": "select create_group_conversation('hm', array[%(ben)s, %(cleo)s], %(organization)s)",
}
EVERYWHERE = {"profile": "update user_profiles set full_name = 'hm' where id = %(ann)s"}
ALLOWED = {
    "read": "select 1 from messages where id = %(theirs)s",
    "mark as read": "select mark_conversation_read(%(group)s)",
    "star": "update conversation_participants set is_starred = true "
    "where (conversation_id, user_id) = (%(group)s, %(ann)s) returning 1",
    "delete one's own": "update messages set deleted_at = now() where id = %(mine)s returning 1",
    "leave": "delete from conversation_participants "
    "where (conversation_id, user_id) = (%(group)s, %(ann)s) returning 1",
    "ask for the limit": "select allowed from check_message_rate_limit()",
}
REFUSED = [
    *((scope, write) for scope in ("everywhere", "organization", "conversation") for write in WRITES),
    *((scope, write) for scope in ("everywhere", "organization") for write in STARTS),
    *(("everywhere", write) for write in EVERYWHERE),
]
PERMITTED = [
    *((scope, write) for scope in ("everywhere", "organization", "conversation") for write in ALLOWED),
    *(("conversation", write) for write in STARTS),
    *((scope, write) for scope in ("organization", "conversation") for write in EVERYWHERE),
]


@pytest.mark.parametrize(("scope", "write"), REFUSED)
def test_a_muted_user_with_a_valid_token_cannot_write(
    world: World, chat: Chat, scope: str, write: str
) -> None:
    statement = {**WRITES, **STARTS, **EVERYWHERE}[write]
    with world.acting(chat.ann) as conn, conn.transaction(force_rollback=True):
        conn.execute(statement.encode(), vars(chat))
    mute(world, chat, scope, LATER, "be nice")
    before = dump(world)
    with pytest.raises(psycopg.Error) as error, world.acting(chat.ann) as conn:
        conn.execute(statement.encode(), vars(chat))
    assert (error.value.sqlstate, error.value.diag.message_hint) == ("PT403", "MUTED")
    details = json.loads(error.value.diag.message_detail or "")
    assert (details["scope"], details["reason"]) == (scope, "be nice")
    assert datetime.fromisoformat(details["until"]) == LATER
    assert dump(world) == before


@pytest.mark.parametrize(("scope", "write"), PERMITTED)
def test_a_muted_user_can_read_leave_and_delete_their_own(
    world: World, chat: Chat, scope: str, write: str
) -> None:
    mute(world, chat, scope)
    with world.acting(chat.ann) as conn:
        cursor = conn.execute({**ALLOWED, **STARTS, **EVERYWHERE}[write].encode(), vars(chat))
        assert cursor.rowcount == 1


@pytest.mark.parametrize("scope", ["organization", "conversation"])
def test_a_mute_holds_in_its_place_only(world: World, chat: Chat, scope: str) -> None:
    mute(world, chat, scope)
    world.send(chat.ann, chat.other_group)
    world.group(chat.elsewhere, chat.ann, chat.ben, chat.cleo)
    world.send(chat.ben, chat.group)


@pytest.mark.parametrize("scope", ["everywhere", "organization", "conversation"])
def test_storage_takes_no_file_of_a_muted_user(world: World, chat: Chat, scope: str) -> None:
    def upload(group: UUID, organization: UUID) -> None:
        with world.acting(chat.ann) as conn:
            conn.execute(
                "insert into storage.objects (bucket_id, name, owner_id) values ('attachments', %s, %s)",
                (f"{organization}/chat/{group}/{uuid4()}_plan.pdf", str(chat.ann)),
            )

    upload(chat.group, chat.organization)
    mute(world, chat, scope)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        upload(chat.group, chat.organization)
    if scope != "everywhere":
        upload(chat.other_group, chat.elsewhere)
    unmute(world, chat, scope)
    upload(chat.group, chat.organization)


def test_a_mute_that_has_ended_is_none(world: World, chat: Chat) -> None:
    mute(world, chat, "everywhere", LATER)
    world.operator.execute("update private.mutes set muted_until = now() - interval '1 second'")
    world.send(chat.ann, chat.group)
    assert unmute(world, chat, "everywhere") == "noop"


def test_a_mute_counts_from_the_moment_that_it_is_committed(world: World, chat: Chat) -> None:
    """Also within a transaction that has begun before."""
    with pytest.raises(psycopg.Error) as error, world.acting(chat.ann) as conn:
        conn.execute("select count(*) from messages")
        mute(world, chat, "conversation")
        conn.execute("select send_message(%s, 'hm')", (chat.group,))
    assert error.value.diag.message_hint == "MUTED"


def test_trusted_roles_can_send_for_a_muted_user(world: World, chat: Chat) -> None:
    mute(world, chat, "everywhere")
    assert world.changed(
        None,
        "insert into messages (organization_id, conversation_id, sender_id, content) "
        "values (%s, %s, %s, 'hm')",
        chat.organization, chat.group, chat.ann, role="service_role",
    ) == 1  # fmt: skip


@pytest.mark.parametrize("scope", ["everywhere", "organization", "conversation"])
@pytest.mark.parametrize("earlier", [False, True])
def test_undoing_a_mute_leaves_everything_as_it_was(
    world: World, chat: Chat, scope: str, earlier: bool
) -> None:
    if earlier:
        mute(world, chat, scope, LATER)
    before, number = dump(world), len(actions(world))
    assert mute(world, chat, scope) == "done"
    assert mute(world, chat, scope) == "noop"
    world.operator.execute("select moderation.undo(%s, 'ann', 'a mistake')", (number + 1,))
    assert dump(world) == before
    world.operator.execute("select moderation.undo(%s, 'ann', 'no mistake')", (number + 2,))
    before = dump(world)
    assert unmute(world, chat, scope) == "done"
    assert unmute(world, chat, scope) == "noop"
    world.operator.execute("select moderation.undo(%s, 'ann', 'a mistake')", (number + 4,))
    assert dump(world) == before
    inverse = "user.mute" if earlier else "user.unmute"
    assert actions(world)[number:] == ["user.mute", inverse, "user.mute", "user.unmute", "user.mute"]


def test_a_mute_elsewhere_stays(world: World, chat: Chat) -> None:
    for scope in ("everywhere", "organization", "conversation"):
        assert mute(world, chat, scope) == "done"
    assert unmute(world, chat, "everywhere") == "done"
    with pytest.raises(psycopg.Error, match="not write"):
        world.send(chat.ann, chat.group)
    assert world.fact("select count(*) from moderation.mutes") == 2


@pytest.mark.parametrize(
    ("statement", "sqlstate"),
    [
        ("moderation.mute_user(%(ann)s, 'ann', '')", "PT400"),
        ("moderation.mute_user(%(ann)s, '', 'insults')", "PT400"),
        ("moderation.mute_user(%(ann)s, 'ann', 'person0 insults')", "PT400"),
        ("moderation.mute_user(%(ann)s, 'ann', 'insults', p_until => now())", "PT400"),
        ("moderation.mute_user(%(ann)s, 'ann', 'insults', null, %(organization)s, %(group)s)", "PT400"),
        ("moderation.mute_user(%(ann)s, 'ann', 'insults', null, %(group)s)", "PT404"),
        ("moderation.mute_user(%(ann)s, 'ann', 'insults', null, null, %(ben)s)", "PT404"),
    ],
)
def test_a_bad_mute_is_refused(world: World, chat: Chat, statement: str, sqlstate: str) -> None:
    before = dump(world)
    with pytest.raises(psycopg.Error) as error:
        world.operator.execute(f"select {statement}".encode(), vars(chat))
    assert error.value.sqlstate == sqlstate
    assert dump(world) == before


def test_muting_somebody_who_has_never_written_leaves_no_trace_when_undone(world: World, chat: Chat) -> None:
    before = dump(world)
    world.operator.execute("select moderation.mute_user(%s, 'ann', 'insults')", (chat.cleo,))
    with pytest.raises(psycopg.Error, match="not write"):
        world.send(chat.cleo, chat.group)
    world.operator.execute("select moderation.undo(1, 'ann', 'a mistake')")
    assert dump(world) == before


def test_a_mute_survives_the_window_of_its_user(world: World, chat: Chat) -> None:
    mute(world, chat, "conversation")
    world.forget_sending()
    world.send(chat.ann, chat.other_group)
    with pytest.raises(psycopg.Error, match="not write"):
        world.send(chat.ann, chat.group)


def test_deleting_the_place_of_a_mute_ends_it(world: World, chat: Chat) -> None:
    mute(world, chat, "conversation")
    world.operator.execute("delete from conversations where id = %s", (chat.group,))
    assert world.fact("select muted_until from private.send_windows where user_id = %s", chat.ann) is None


def test_a_message_that_is_being_sent_is_finished_before_a_mute(world: World, chat: Chat) -> None:
    with world.acting(chat.ann) as conn:
        conn.execute("select send_message(%s, 'in time')", (chat.group,))
        with pytest.raises(psycopg.errors.LockNotAvailable), world.operator.transaction():
            world.operator.execute("set local lock_timeout = '50ms'")
            mute(world, chat, "conversation")
    assert mute(world, chat, "conversation") == "done"
    assert world.value(chat.ben, "select count(*) from messages where content = 'in time'") == 1
