"""An operator locks conversations, and changes who takes part in them."""

from __future__ import annotations

import json
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.support.dumps import dump
from tests.support.invariants import breaches
from tests.support.waiting import waiting
from tests.support.world import World


@pytest.fixture
def chat(world: World) -> tuple[UUID, list[UUID], UUID, UUID]:
    """An organization, its people, their group without the last of them, and a message of the first."""
    organization, people = world.team(5)
    group = world.group(organization, *people[:4])
    return organization, people, group, world.send(people[0], group, "hello")


Chat = tuple[UUID, list[UUID], UUID, UUID]


def lock(world: World, conversation: UUID, why: str | None = "a quarrel") -> str:
    return str(
        world.fact("select status from moderation.lock_conversation(%s, %s, 'ann', 'T-1')", conversation, why)
    )


def unlock(world: World, conversation: UUID) -> str:
    return str(
        world.fact("select status from moderation.unlock_conversation(%s, 'ann', 'over')", conversation)
    )


def change(world: World, verb: str, conversation: UUID, *users: UUID) -> list[tuple[str, str | None]]:
    return [
        (status, problem)
        for status, problem in world.operator.execute(
            f"select status, problem from moderation.{verb}_participants(%s, %s, 'ann', 'T-1')".encode(),
            (conversation, list(users)),
        )
    ]


def undo(world: World, action: int) -> list[tuple[str, str, str | None]]:
    cursor = world.operator.execute(
        "select action, status, problem from moderation.undo(%s, 'ann', 'a mistake')", (action,)
    )
    return [(verb, status, problem) for verb, status, problem in cursor]


def actions(world: World) -> list[str]:
    return [row[0] for row in world.operator.execute("select action from moderation.log order by id")]


@pytest.mark.parametrize(
    "statement",
    [
        "insert into messages (organization_id, conversation_id, sender_id, content) "
        "values (%(organization)s, %(group)s, %(user)s, 'hm')",
        "select send_message(%(group)s, 'hm')",
        "update messages set content = 'hm' where id = %(message)s",
        "select toggle_reaction(%(message)s, 'ok')",
    ],
)
def test_nobody_writes_in_a_locked_conversation(world: World, chat: Chat, statement: str) -> None:
    organization, people, group, message = chat
    values = {"organization": organization, "group": group, "user": people[0], "message": message}
    lock(world, group)
    before = dump(world)
    with pytest.raises(psycopg.Error) as error, world.acting(people[0]) as conn:
        conn.execute(statement.encode(), values)
    assert (error.value.sqlstate, error.value.diag.message_hint) == ("PT403", "CONVERSATION_LOCKED")
    assert json.loads(error.value.diag.message_detail or "")["reason"] == "a quarrel"
    assert dump(world) == before
    unlock(world, group)
    with world.acting(people[0]) as conn:
        assert conn.execute(statement.encode(), values).rowcount == 1


def test_also_trusted_roles_do_not_send_there(world: World, chat: Chat) -> None:
    organization, people, group, _ = chat
    lock(world, group)
    with pytest.raises(psycopg.Error, match="Nobody can write"):
        world.operator.execute(
            "insert into messages (organization_id, conversation_id, sender_id, content) "
            "values (%s, %s, %s, 'hm')",
            (organization, group, people[0]),
        )


def test_storage_takes_no_file_for_a_locked_conversation(world: World, chat: Chat) -> None:
    organization, people, group, _ = chat
    lock(world, group)
    with pytest.raises(psycopg.errors.InsufficientPrivilege), world.acting(people[0]) as conn:
        conn.execute(
            "insert into storage.objects (bucket_id, name, owner_id) values ('attachments', %s, %s)",
            (f"{organization}/chat/{group}/{uuid4()}_plan.pdf", str(people[0])),
        )


def test_participants_read_the_reason_and_cannot_change_it(world: World, chat: Chat) -> None:
    _, people, group, message = chat
    lock(world, group)
    assert world.value(people[1], "select lock_reason from conversations where id = %s", group) == "a quarrel"
    assert world.value(people[4], "select lock_reason from conversations where id = %s", group) is None
    for change in ("locked_at = null", "lock_reason = 'none'"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            world.changed(people[0], f"update conversations set {change}")
    assert world.changed(people[0], "update messages set deleted_at = now() where id = %s", message) == 1
    assert world.value(people[1], "select mark_conversation_read(%s)", group) == 0


def test_undoing_a_lock_leaves_everything_as_it_was(world: World, chat: Chat) -> None:
    _, _, group, _ = chat
    before = dump(world)
    assert lock(world, group) == "done"
    locked = dump(world)
    assert lock(world, group) == "noop"
    assert undo(world, 1) == [("conversation.unlock", "done", None)]
    assert dump(world) == before
    assert undo(world, 2) == [("conversation.lock", "done", None)]
    assert dump(world) == locked
    assert unlock(world, group) == "done"
    assert unlock(world, group) == "noop"
    assert dump(world) == before
    assert undo(world, 4) == [("conversation.lock", "done", None)]
    assert dump(world) == locked
    assert lock(world, group, "another reason") == "done"
    assert undo(world, 4) == [("conversation.lock", "skipped", "CHANGED")]
    assert undo(world, 6) == [("conversation.lock", "done", None)]
    assert dump(world) == locked


@pytest.mark.parametrize("why", [None, "", " ", "x" * 501, "person1 is rude"])
def test_a_lock_needs_a_reason_for_the_participants(world: World, chat: Chat, why: str | None) -> None:
    with pytest.raises(psycopg.Error) as error:
        lock(world, chat[2], why)
    assert error.value.sqlstate == "PT400"
    assert actions(world) == []


def test_an_unknown_conversation_is_a_failure(world: World) -> None:
    assert lock(world, uuid4()) == "failed"
    assert unlock(world, uuid4()) == "failed"


def test_adding_participants_and_undoing_it_leaves_everything_as_it_was(world: World, chat: Chat) -> None:
    organization, people, group, _ = chat
    more = world.user("more")
    world.join_organization(organization, more)
    before = dump(world)
    assert change(world, "add", group, people[4], more, people[4], people[0]) == [
        ("done", None),
        ("done", None),
        ("noop", None),
    ]
    assert world.value(people[4], "select count(*) from messages") == 1
    assert not breaches(world.operator)
    assert actions(world) == ["participant.add"]
    assert undo(world, 1) == [("participant.remove", "done", None)] * 2
    assert dump(world) == before


@pytest.mark.parametrize("who", [slice(1, 2), slice(0, 1), slice(0, 2), slice(0, 4)])
def test_removing_participants_and_undoing_it_leaves_everything_as_it_was(
    world: World, chat: Chat, who: slice
) -> None:
    _, people, group, _ = chat
    world.value(people[1], "select mark_conversation_read(%s)", group)
    world.send(people[0], group, "unread")
    world.changed(people[0], "update conversation_participants set is_starred = true")
    before = dump(world)
    gone = people[who]
    assert change(world, "remove", group, *gone) == [("done", None)] * len(gone)
    assert change(world, "remove", group, *gone) == [("noop", None)] * len(gone)
    assert world.rows(gone[0], "select id from messages") == []
    assert not breaches(world.operator)
    assert undo(world, 1) == [("participant.add", "done", None)] * len(gone)
    assert dump(world) == before
    assert undo(world, 2) == [("participant.remove", "done", None)] * len(gone)


def test_a_person_who_was_removed_can_be_added_alone_to_a_deserted_group(world: World, chat: Chat) -> None:
    _, people, group, _ = chat
    change(world, "remove", group, *people[:4])
    assert change(world, "add", group, people[2]) == [("done", None)]
    assert world.fact("select created_by from conversations where id = %s", group) == people[2]
    assert not breaches(world.operator)


def test_only_members_are_added(world: World, chat: Chat) -> None:
    _, people, group, _ = chat
    stranger = world.user("stranger")
    assert change(world, "add", group, stranger, uuid4(), people[4]) == [
        ("failed", "NOT_MEMBER"),
        ("failed", "NOT_FOUND"),
        ("done", None),
    ]


def test_the_two_people_of_a_direct_conversation_stay(world: World, chat: Chat) -> None:
    organization, people, _, _ = chat
    direct = world.direct(organization, people[0], people[1])
    for verb, person in (("remove", people[0]), ("add", people[2])):
        with pytest.raises(psycopg.Error) as error:
            change(world, verb, direct, person)
        assert error.value.sqlstate == "PT409"


def test_participants_of_an_unknown_conversation_are_refused(world: World, chat: Chat) -> None:
    with pytest.raises(psycopg.Error) as error:
        change(world, "add", uuid4(), chat[1][0])
    assert error.value.sqlstate == "PT404"


@pytest.mark.parametrize("first", ["remove and add", "remove"])
def test_undoing_an_addition_waits_for_whoever_changes_the_participant(
    world: World, chat: Chat, first: str
) -> None:
    _, people, group, _ = chat
    change(world, "add", group, people[4])
    with world.database.connect() as other, world.database.connect() as undoing:
        other.execute("begin")
        other.execute("select moderation.remove_participants(%s, %s, 'ben', 'T-2')", (group, [people[4]]))
        if first == "remove and add":
            other.execute("select moderation.add_participants(%s, %s, 'ben', 'T-2')", (group, [people[4]]))
        undo_it = "select status, problem from moderation.undo(1, 'ann', 'a mistake')"
        with waiting(undoing, lambda: undoing.execute(undo_it.encode()).fetchall(), world.operator) as undone:
            other.execute("commit")
            expected = ("noop", None) if first == "remove" else ("skipped", "CHANGED")
            assert undone.result() == [expected]
    assert bool(participants(world, group, people[4])) == (first != "remove")


def test_undoing_a_lock_waits_for_whoever_changes_it(world: World, chat: Chat) -> None:
    group = chat[2]
    lock(world, group)
    with world.database.connect() as other, world.database.connect() as undoing:
        other.execute("begin")
        other.execute("select moderation.lock_conversation(%s, 'spam', 'ben', 'T-2')", (group,))
        undo_it = "select status, problem from moderation.undo(1, 'ann', 'a mistake')"
        with waiting(undoing, lambda: undoing.execute(undo_it.encode()).fetchall(), world.operator) as undone:
            other.execute("commit")
            assert undone.result() == [("skipped", "CHANGED")]
    assert world.fact("select lock_reason from conversations where id = %s", group) == "spam"


def test_undoing_an_addition_does_not_end_a_later_membership(world: World, chat: Chat) -> None:
    _, people, group, _ = chat
    change(world, "add", group, people[4])
    change(world, "remove", group, people[4])
    change(world, "add", group, people[4])
    assert undo(world, 1) == [("participant.remove", "skipped", "CHANGED")]
    assert participants(world, group, people[4])
    assert undo(world, 3) == [("participant.remove", "done", None)]


def test_who_left_the_organization_is_a_failure_of_its_own_when_a_removal_is_undone(
    world: World, chat: Chat
) -> None:
    organization, people, group, _ = chat
    gone, member = sorted(people[2:4])
    change(world, "remove", group, gone, member)
    world.operator.execute(
        "delete from organization_members where organization_id = %s and user_id = %s",
        (organization, gone),
    )
    assert undo(world, 1) == [
        ("participant.add", "failed", "NOT_MEMBER"),
        ("participant.add", "done", None),
    ]
    assert participants(world, group, gone, member) == [member]


def participants(world: World, group: UUID, *among: UUID) -> list[UUID]:
    statement = (
        "select user_id from conversation_participants where conversation_id = %s and user_id = any(%s)"
    )
    return [row[0] for row in world.operator.execute(statement, (group, list(among)))]


def test_undo_does_not_depend_on_the_time_zone_of_a_session(world: World, chat: Chat) -> None:
    group = chat[2]
    lock(world, group)
    world.operator.execute("set timezone = 'Europe/Berlin'")
    assert lock(world, group) == "noop"
    assert undo(world, 1) == [("conversation.unlock", "done", None)]
    world.operator.execute("set timezone = 'America/St_Johns'")
    assert undo(world, 2) == [("conversation.lock", "done", None)]
