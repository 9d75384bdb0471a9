"""Deleted content is not readable through the API; its tombstone is, and the operator can read all of it."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.support.invariants import breaches
from tests.support.world import World

SECRET = "the secret sentence"
DELETE = "update messages set deleted_at = now() where id = %s and sender_id = %s"


@pytest.fixture
def chat(world: World) -> tuple[UUID, UUID, UUID, UUID]:
    """Two people, their conversation, and a message with a file, deleted."""
    organization, (ann, ben) = world.team(2)
    conversation = world.direct(organization, ann, ben)
    file = uuid4()
    path = f"{organization}/chat/{conversation}/{file}_plan.pdf"
    attachment = {"id": str(file), "name": "plan.pdf", "type": "application/pdf", "size": 10, "url": path}
    with world.acting(ann) as conn:
        conn.execute(
            "insert into storage.objects (bucket_id, name, owner_id) values ('attachments', %s, %s)",
            (path, str(ann)),
        )
    message = world.value(
        ann, "select id from send_message(%s, %s, %s)", conversation, SECRET, Jsonb([attachment])
    )
    assert world.value(ben, "select count(*) from storage.objects") == 1
    assert world.changed(ann, DELETE, message, ann) == 1
    return ann, ben, conversation, message


def _everything_readable(world: World, user: UUID | None, **how: object) -> str:
    """Everything that this user can read through the API, as one text."""
    texts = []
    for table in (
        "public.messages",
        "public.conversations",
        "public.conversation_participants",
        "public.user_profiles",
        "storage.objects",
        "private.deleted_messages",
        "private.deleted_attachments",
    ):
        try:
            texts += [row[0] for row in world.rows(user, f"select t::text from {table} t", **how)]
        except psycopg.errors.InsufficientPrivilege:
            continue
    for call in (
        "get_conversations_with_details(private.current_user_id())",
        "get_messages_page((select id from conversations limit 1))",
    ):
        try:
            texts += [row[0] for row in world.rows(user, f"select t::text from {call} t", **how)]
        except psycopg.Error as error:
            assert error.sqlstate in {"42501", "PT403"}
    return "\n".join(texts)


def test_deleted_content_cannot_be_read_anywhere(world: World, chat: tuple[UUID, UUID, UUID, UUID]) -> None:
    ann, ben, _, message = chat

    for user, how in ((ann, {}), (ben, {}), (None, {"role": "anon"}), (None, {"role": "service_role"})):
        readable = _everything_readable(world, user, **how)
        assert SECRET not in readable
        if how.get("role") != "service_role":
            assert "plan.pdf" not in readable

    assert world.rows(
        ben, "select id, content, attachments, reactions, deleted_at is null from messages"
    ) == [(message, None, None, [], False)]


def test_the_operator_can_read_deleted_content(world: World, chat: tuple[UUID, UUID, UUID, UUID]) -> None:
    _, ben, conversation, message = chat

    world.operator.execute("update messages set deleted_at = null where id = %s", (message,))

    ((content, attachments),) = world.rows(ben, "select content, attachments from messages")
    assert content == SECRET
    assert attachments[0]["name"] == "plan.pdf"
    assert world.value(ben, "select count(*) from storage.objects") == 1
    assert world.value(ben, "select get_unread_count(%s, %s)", conversation, ben) == 1
    assert world.fact("select count(*) from private.deleted_messages") == 0


def test_the_sender_cannot_restore(world: World, chat: tuple[UUID, UUID, UUID, UUID]) -> None:
    ann, _, _, message = chat

    assert world.changed(ann, "update messages set deleted_at = null where id = %s", message) == 0
    assert world.changed(ann, "update messages set content = 'again' where id = %s", message) == 0


def test_deleting_twice_is_not_an_error(world: World, chat: tuple[UUID, UUID, UUID, UUID]) -> None:
    ann, _, _, message = chat
    deleted_at = world.fact("select deleted_at from messages")

    assert world.changed(ann, DELETE, message, ann) == 0
    assert world.fact("select deleted_at from messages") == deleted_at


def test_the_server_sets_the_time_of_deletion(world: World, chat: tuple[UUID, UUID, UUID, UUID]) -> None:
    ann, _, conversation, _ = chat
    message = world.send(ann, conversation)

    world.changed(ann, "update messages set deleted_at = '1999-01-01' where id = %s", message)

    assert world.fact("select bool_and(deleted_at > now() - interval '1 minute') from messages")


def test_only_the_sender_edits_or_deletes(world: World) -> None:
    organization, (ann, ben) = world.team(2)
    conversation = world.direct(organization, ann, ben)
    message = world.send(ann, conversation)

    for statement in (
        "update messages set deleted_at = now() where id = %s",
        "update messages set content = 'changed' where id = %s",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            world.rows(ben, statement, message)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        world.rows(ben, "update messages set content = 'all of them'")
    assert world.changed(ann, "update messages set content = 'mended' where id = %s", message) == 1
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        world.rows(ann, "delete from messages")


def test_a_file_of_a_live_message_of_somebody_else_cannot_be_hidden(world: World) -> None:
    """Deleting a message that refers to a file of somebody else hides nothing."""
    organization, (ann, ben) = world.team(2)
    conversation = world.direct(organization, ann, ben)
    file = uuid4()
    path = f"{organization}/chat/{conversation}/{file}_plan.pdf"
    world.changed(
        ann,
        "insert into storage.objects (bucket_id, name, owner_id) values ('attachments', %s, %s)",
        path,
        str(ann),
    )
    attachment = {"id": str(file), "name": "plan.pdf", "type": "application/pdf", "size": 10, "url": path}
    stolen = world.value(ben, "select id from send_message(%s, null, %s)", conversation, Jsonb([attachment]))

    world.changed(ben, DELETE, stolen, ben)

    assert world.value(ann, "select count(*) from storage.objects") == 1


def test_messages_of_an_erased_sender_stay_without_a_name(world: World) -> None:
    organization, (ann, ben) = world.team(2)
    conversation = world.direct(organization, ann, ben)
    world.send(ann, conversation, "still here")
    world.changed(ann, DELETE, world.send(ann, conversation), ann)

    world.operator.execute("delete from auth.users where id = %s", (ann,))

    assert world.rows(ben, "select sender_id, content from messages order by seq") == [
        (None, "still here"),
        (None, None),
    ]
    assert world.value(ben, "select get_unread_count(%s, %s)", conversation, ben) == 1


# Which files are hidden with a message --------------------------------------------------------------------


def _upload(world: World, conversation: UUID, owner: UUID | None, file: UUID, name: str = "plan.pdf") -> str:
    path = world.fact(
        "select organization_id || '/chat/' || id from conversations where id = %s", conversation
    )
    path = f"{path}/{file}_{name}"
    world.operator.execute(
        "insert into storage.objects (bucket_id, name, owner_id) values ('attachments', %s, %s)",
        (path, str(owner) if owner else None),
    )
    return path


def _attach(world: World, sender: UUID, conversation: UUID, id: str, url: str) -> UUID:
    attachment = {"id": id, "name": "plan.pdf", "type": "application/pdf", "size": 10, "url": url}
    sent = "select id from send_message(%s, null, %s)"
    return UUID(str(world.value(sender, sent, conversation, Jsonb([attachment]))))


_STORAGE = "https://x.supabase.co/storage/v1/object/"
_FULLWIDTH = str.maketrans({chr(ascii): chr(ascii + 0xFEE0) for ascii in range(0x21, 0x7F)})

SPELLINGS: dict[str, Callable[[UUID, str], tuple[str, str]]] = {
    "as the object": lambda file, path: (f"{file}", path),
    "in capitals": lambda file, path: (f"{file}".upper(), "elsewhere"),
    "without hyphens": lambda file, path: (f"{file.hex}", "elsewhere"),
    "in braces": lambda file, path: (f"{{{file}}}", "elsewhere"),
    "as a urn": lambda file, path: (file.urn, "elsewhere"),
    "as a urn without hyphens": lambda file, path: (f"urn:uuid:{file.hex}", "elsewhere"),
    "after a hexadecimal digit": lambda file, path: (f"uuid{file.hex}", "elsewhere"),
    "after digits and hyphens": lambda file, path: (f"2026-11-29-{file}-1", "elsewhere"),
    "as the name of the object": lambda file, path: (f"{file}_plan.pdf", "elsewhere"),
    "with invisible characters": lambda file, path: ("\ufeff" + "\u200b".join(f"{file}"), "elsewhere"),
    "with combining marks": lambda file, path: ("\u0301".join(f"{file}"), "elsewhere"),
    "with other hyphens": lambda file, path: (f"{file}".replace("-", "\u2010"), "elsewhere"),
    "fullwidth": lambda file, path: (f"{file}".upper().translate(_FULLWIDTH), "elsewhere"),
    "in the url alone": lambda file, path: ("1", f"{_STORAGE}{path}"),
    "before a query": lambda file, path: ("1", f"{_STORAGE}{path}?token=a/b_c"),
    "before a fragment": lambda file, path: ("1", f"{_STORAGE}{path}#page=2/3_4"),
    "in a query": lambda file, path: ("1", f"https://x.example.test/?path={quote(path, safe='')}"),
    "percent-encoded": lambda file, path: ("1", _percent(path)),
    "percent-encoded in lower case": lambda file, path: ("1", _percent(path).lower()),
    "percent-encoded twice": lambda file, path: ("1", quote(_percent(path))),
    "percent-encoded in part": lambda file, path: ("1", path.replace("_", "%5F").replace("-", "%2D", 17)),
    "percent-encoded and fullwidth": lambda file, path: (
        "1",
        path.replace(f"{file}", quote(f"{file}".translate(_FULLWIDTH))),
    ),
    "after what is no encoding": lambda file, path: ("%e2%28%a1%ff%00%", f"%%c3%28%0{path}"),
}


def _percent(text: str) -> str:
    return "".join(f"%{ord(each):02X}" for each in text)


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("owned", [True, False])
def test_a_file_is_hidden_with_its_message_however_its_id_is_spelled(
    world: World, spelling: str, owned: bool
) -> None:
    organization, (ann, ben) = world.team(2)
    conversation = world.direct(organization, ann, ben)
    file = uuid4()
    path = _upload(world, conversation, ann if owned else None, file)
    message = _attach(world, ann, conversation, *SPELLINGS[spelling](file, path))
    assert world.value(ben, "select count(*) from storage.objects") == 1

    world.changed(ann, DELETE, message, ann)

    assert world.value(ben, "select count(*) from storage.objects") == 0
    world.operator.execute("update messages set deleted_at = null where id = %s", (message,))
    assert world.value(ben, "select count(*) from storage.objects") == 1


@pytest.mark.parametrize("erased_first", [True, False])
def test_the_file_of_an_erased_sender_is_hidden_with_its_message(world: World, erased_first: bool) -> None:
    organization, people = world.team(3)
    ann, ben, cem = people
    conversation = world.group(organization, *people)
    mine, her_file = uuid4(), uuid4()
    message = _attach(world, ann, conversation, str(her_file), _upload(world, conversation, ann, her_file))
    _attach(world, cem, conversation, str(mine), _upload(world, conversation, cem, mine))
    erase = "delete from auth.users where id = %s"

    if erased_first:
        world.operator.execute(erase, (ann,))
    world.operator.execute("update messages set deleted_at = now() where id = %s", (message,))
    if not erased_first:
        world.operator.execute(erase, (ann,))

    assert [name for (name,) in world.rows(ben, "select name from storage.objects")] == [
        name
        for (name,) in world.operator.execute(
            "select name from storage.objects where owner_id = %s", (str(cem),)
        )
    ]


@pytest.mark.parametrize("erased", ["nobody", "the one who named it", "its owner"])
def test_deleting_a_message_that_names_a_file_of_somebody_else_hides_nothing(
    world: World, erased: str
) -> None:
    organization, people = world.team(3)
    ann, ben, cem = people
    conversation = world.group(organization, *people)
    file = uuid4()
    path = _upload(world, conversation, ann, file)
    _attach(world, ann, conversation, str(file), path)
    named = _attach(world, ben, conversation, str(file).upper(), path)

    if erased == "its owner":
        world.operator.execute("delete from auth.users where id = %s", (ann,))
    if erased == "the one who named it":
        world.operator.execute("delete from auth.users where id = %s", (ben,))
        world.operator.execute("update messages set deleted_at = now() where id = %s", (named,))
    else:
        world.changed(ben, DELETE, named, ben)

    assert world.value(cem, "select count(*) from storage.objects") == 1


def test_every_accepted_message_can_be_deleted_and_erased(world: World) -> None:
    organization, (ann, ben) = world.team(2)
    conversation = world.direct(organization, ann, ben)
    urls = ("y" * 2048, "%" * 2048, "%ff%00%c0%80%ed%a0%80%f4%90%80", "%ef%bc%9" * 200, "\u0301\u0316" * 999)
    for id, url in zip(("x" * 100, "🦊" * 100, "%s", "'", "../.."), urls, strict=True):
        message = _attach(world, ann, conversation, id, url)
        assert world.changed(ann, DELETE, message, ann) == 1
    message = _attach(world, ann, conversation, "z", "z")

    world.operator.execute("delete from auth.users where id = %s", (ann,))
    world.operator.execute("update messages set deleted_at = now() where id = %s", (message,))

    assert world.fact("select count(*) from messages where deleted_at is null") == 0


def test_a_message_that_predates_the_size_limits_stays_usable(world: World) -> None:
    organization, (ann, ben) = world.team(2)
    conversation = world.direct(organization, ann, ben)
    messages = [world.send(ann, conversation) for _ in range(2)]
    long = {"id": "f" * 12_000, "name": "a", "type": "image/png", "size": 1, "url": "u", "x": "z" * 20_000}
    world.operator.execute("update messages set attachments = %s", (Jsonb([long]),))

    assert len(world.rows(ben, "select * from get_messages_page(%s)", conversation)) == 2
    assert world.rows(ben, "select toggle_reaction(%s, 'hm')", messages[0])
    assert world.changed(ann, DELETE, messages[0], ann) == 1
    world.operator.execute("delete from auth.users where id = %s", (ann,))
    world.operator.execute("update messages set deleted_at = null where id = %s", (messages[0],))
    world.operator.execute("update messages set deleted_at = now()")
    assert world.fact("select count(*) from messages where deleted_at is null") == 0


@pytest.mark.parametrize(
    "change",
    [
        "delete from conversation_participants where user_id = %s",
        "delete from organization_members where user_id = %s",
        "insert into private.suspensions (user_id, reason) values (%s, 'spam')",
    ],
    ids=["left", "removed from the organization", "suspended"],
)
def test_a_function_of_the_project_lets_users_without_access_delete_themselves(
    world: World, change: str
) -> None:
    organization, people = world.team(4)
    conversation = world.group(organization, *people)
    message = world.send(people[1], conversation)
    world.operator.execute(change.encode(), (people[1],))
    with world.database.connect("supabase_admin") as admin:
        admin.execute(
            """
            create function public.delete_me() returns void language sql security definer as $$
            delete from auth.users
            where id = (current_setting('request.jwt.claims')::jsonb ->> 'sub')::uuid
            $$
            """
        )

    world.rows(people[1], "select delete_me()")

    assert world.fact("select count(*) from auth.users where id = %s", people[1]) == 0
    assert world.fact("select sender_id from messages where id = %s", message) is None
    assert breaches(world.operator) == {}


@pytest.mark.parametrize(
    "change", ["deleted_at = null, sender_id = null, content = 'hi'", "sender_id = %(other)s"]
)
def test_the_sender_of_a_single_message_can_be_erased(world: World, change: str) -> None:
    organization, people = world.team(3)
    message = world.send(people[1], world.group(organization, *people))
    world.rows(people[1], "update messages set deleted_at = now() where id = %s", message)
    values = {"message": message, "other": people[0]}

    with pytest.raises(psycopg.Error, match="erased on its own"):
        world.operator.execute(f"update messages set {change} where id = %(message)s".encode(), values)

    world.operator.execute("update messages set sender_id = null where id = %(message)s", values)
    assert breaches(world.operator) == {}
