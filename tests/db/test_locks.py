"""Locks are taken in one order, and what waited for one is judged by the moment at which it goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import psycopg
import pytest

from chatctl.db.connection import Connection
from tests.waiting import locked, sqlstate, waiting
from tests.world import World

SEND = "insert into messages (organization_id, conversation_id, sender_id, content) values (%s, %s, %s, 'hi')"
ADD = "insert into conversation_participants (conversation_id, user_id) values (%s, %s)"

TURN = ("private.send_windows", "user_id")
PARTICIPANTS = ("conversation_participants", "(conversation_id, user_id)")
MESSAGES = ("messages", "id")
MEMBERS = ("organization_members", "user_id")
CONVERSATIONS = ("conversations", "id")
READ_STATES = ("private.read_states", "(conversation_id, user_id)")
PROFILES = ("user_profiles", "id")
# What may be held by whoever waits for one of these: only what stands before it.
ORDER = (TURN, PARTICIPANTS, MESSAGES, MEMBERS, CONVERSATIONS, READ_STATES, PROFILES)


@dataclass
class Scene:
    """Ann manages two groups, in which she has written, with Ben and Cem; Dan is a colleague."""

    world: World
    organization: UUID
    people: list[UUID]
    rooms: list[UUID]  # by ascending id
    messages: list[UUID]  # Ann's, one in each
    holder: Connection  # an operator's, to hold locks with
    watcher: Connection

    @property
    def ann(self) -> UUID:
        return self.people[0]

    @property
    def ben(self) -> UUID:
        return self.people[1]

    def hold(self, table: str, condition: str, *values: Any) -> None:
        """Lock rows as an operator does, until ``release``."""
        self.holder.execute("begin")
        lock = f"select from {table} where {condition} for no key update"
        assert self.holder.execute(lock.encode(), values).rowcount

    def release(self) -> None:
        self.holder.execute("commit")

    @contextmanager
    def waits(self, user: UUID, statement: str, *values: Any) -> Iterator[Future[None]]:
        """A statement of ``user`` that waits for what an operator holds."""
        with self.world.database.connect("authenticator") as conn:

            def write() -> None:
                with self.world.acting(user, conn=conn):
                    conn.execute(statement.encode(), values)

            with waiting(conn, write, self.watcher) as done:
                yield done


@pytest.fixture
def scene(world: World) -> Iterator[Scene]:
    organization, people = world.team(4)
    rooms = sorted(world.group(organization, *people[:3]) for _ in range(2))
    messages = [world.send(people[0], room) for room in rooms]
    for person in people:
        world.rows(person, "update user_profiles set full_name = 'someone' where id = %s", person)
    with world.database.connect() as holder, world.database.connect() as watcher:
        yield Scene(world, organization, people, rooms, messages, holder, watcher)


# Each write of a client to what a conversation is; Ann is who writes, and Ben whom it is about.
WRITES: dict[str, Callable[[Scene], tuple[str, tuple[Any, ...]]]] = {
    "insert a message": lambda s: (SEND, (s.organization, s.rooms[0], s.ann)),
    "send a message": lambda s: ("select send_message(%s, 'hi')", (s.rooms[0],)),
    "edit": lambda s: ("update messages set content = 'new' where id = %s", (s.messages[0],)),
    "delete": lambda s: ("update messages set deleted_at = now() where id = %s", (s.messages[0],)),
    "react": lambda s: ("select toggle_reaction(%s, 'hm')", (s.messages[0],)),
    "mark read": lambda s: ("select mark_conversation_read(%s)", (s.rooms[0],)),
    "star": lambda s: ("update conversation_participants set is_starred = true where user_id = %s", (s.ann,)),
    "leave": lambda s: ("delete from conversation_participants where user_id = %s", (s.ann,)),
    "remove": lambda s: ("delete from conversation_participants where user_id = %s", (s.ben,)),
    "add": lambda s: (ADD, (s.rooms[0], s.people[3])),
    "rename": lambda s: ("update conversations set name = 'new' where id = %s", (s.rooms[0],)),
    "touch": lambda s: ("update conversations set updated_at = now() where id = %s", (s.rooms[0],)),
    "start a group": lambda s: (
        "select create_group_conversation('g', %s::uuid[], %s)", (s.people[1:3], s.organization)
    ),
    "start a direct conversation": lambda s: (
        "select start_direct_conversation(%s, %s)", (s.ben, s.organization)
    ),
    "change the profile": lambda s: ("update user_profiles set full_name = 'new' where id = %s", (s.ann,)),
}  # fmt: skip
LOCKING = (
    "insert a message", "send a message", "delete", "mark read", "leave", "remove", "add"
)  # fmt: skip


@pytest.mark.parametrize("name", WRITES)
def test_a_write_waits_for_its_users_turn_and_holds_nothing_meanwhile(scene: Scene, name: str) -> None:
    statement, values = WRITES[name](scene)
    scene.hold("private.send_windows", "user_id = %s", scene.ann)

    with scene.waits(scene.ann, statement, *values) as done:
        held = {table: locked(scene.watcher, table, key) for table, key in ORDER[1:]}
        scene.release()

    assert not any(held.values())
    assert sqlstate(done) is None


@pytest.mark.parametrize("name", LOCKING)
def test_a_write_that_waits_for_a_conversation_holds_nothing_that_comes_after(
    scene: Scene, name: str
) -> None:
    statement, values = WRITES[name](scene)
    scene.hold("conversations", "id = %s", scene.rooms[0])

    with scene.waits(scene.ann, statement, *values) as done:
        conversations = locked(scene.watcher, *CONVERSATIONS)
        after = {table: locked(scene.watcher, table, key) for table, key in (READ_STATES, PROFILES)}
        scene.release()

    assert conversations == [scene.rooms[0]]  # which the test holds
    assert not any(after.values())
    assert sqlstate(done) is None


@pytest.mark.parametrize(
    "statement",
    [
        "update messages set deleted_at = now() where sender_id = %s",
        "update conversation_participants set last_read_at = now() where user_id = %s",
        "delete from conversation_participants where user_id = %s",
    ],
)
def test_several_conversations_are_locked_by_ascending_id(scene: Scene, statement: str) -> None:
    scene.hold("conversations", "id = %s", scene.rooms[0])

    with scene.waits(scene.ann, statement, scene.ann) as done:
        held = locked(scene.watcher, *CONVERSATIONS)
        scene.release()

    assert held == [scene.rooms[0]]
    assert sqlstate(done) is None


TWO = SEND + ", (%s, %s, %s, 'ho')"


def _to_two(scene: Scene, *rooms: UUID) -> tuple[Any, ...]:
    return tuple(value for room in rooms for value in (scene.organization, room, scene.ann))


def test_messages_of_several_conversations_may_come_in_any_order(scene: Scene) -> None:
    assert scene.world.changed(scene.ann, TWO, *_to_two(scene, *scene.rooms)) == 2
    assert scene.world.changed(scene.ann, TWO, *_to_two(scene, *reversed(scene.rooms))) == 2


def test_messages_in_another_order_do_not_wait(scene: Scene) -> None:
    scene.hold("conversations", "id = %s", scene.rooms[0])

    with pytest.raises(psycopg.Error, match="one conversation at a time") as refused:
        scene.world.rows(scene.ann, TWO, *_to_two(scene, *reversed(scene.rooms)))
    scene.release()

    assert refused.value.sqlstate == "PT429"
    assert scene.world.changed(scene.ann, TWO, *_to_two(scene, *reversed(scene.rooms))) == 2


def test_messages_in_order_wait_as_long_as_it_takes(scene: Scene) -> None:
    scene.hold("conversations", "id = %s", scene.rooms[0])

    with scene.waits(scene.ann, TWO, *_to_two(scene, *scene.rooms)) as done:
        held = locked(scene.watcher, *CONVERSATIONS)
        scene.release()

    assert held == [scene.rooms[0]]
    assert sqlstate(done) is None


def test_a_user_is_deleted_in_the_same_order(scene: Scene) -> None:
    delete = "delete from auth.users where id = %s"
    for (table, condition), free in (
        (("private.send_windows", "user_id = %s"), ORDER[1:]),
        (("conversations", "created_by = %s"), (READ_STATES, PROFILES)),
    ):
        scene.hold(table, condition, scene.ann)
        with (
            scene.world.database.connect() as conn,
            waiting(conn, partial(_rolled_back, conn, delete, scene.ann), scene.watcher) as done,
        ):
            held = {table: locked(scene.watcher, table, key) for table, key in free}
            scene.release()
        assert not any(held.values())
        assert sqlstate(done) is None


def test_who_comes_back_to_the_organization_is_locked_after_their_conversations(scene: Scene) -> None:
    """Otherwise it is a deadlock with their deletion, and catches whoever waits for the conversation."""
    scene.world.operator.execute("delete from organization_members where user_id = %s", (scene.ben,))
    scene.hold("conversations", "id = %s", scene.rooms[0])

    come_back = "insert into organization_members (organization_id, user_id) values (%s, %s)"
    with (
        scene.world.database.connect() as conn,
        waiting(
            conn, lambda: conn.execute(come_back.encode(), (scene.organization, scene.ben)), scene.watcher
        ) as done,
    ):
        profiles = locked(scene.watcher, *PROFILES, "for update")
        scene.release()

    assert profiles == []
    assert sqlstate(done) is None


def _rolled_back(conn: Connection, statement: str, *values: Any) -> None:
    with conn.transaction(force_rollback=True):
        conn.execute(statement.encode(), values)


# What becomes of Ann while her message waits for the conversation.
ENDS = {
    "leaves": "delete from conversation_participants where user_id = %s",
    "is suspended": "insert into private.suspensions (user_id, reason) values (%s, 'spam')",
    "is removed from the organization": "delete from organization_members where user_id = %s",
}


# Who sends by send_message holds their own row meanwhile, so that they cannot leave.
@pytest.mark.parametrize(
    ("name", "end"),
    [
        *(("insert a message", end) for end in ENDS),
        *(("send a message", end) for end in ENDS if end != "leaves"),
    ],
)
def test_a_message_is_judged_by_the_membership_of_the_moment_it_is_accepted(
    scene: Scene, name: str, end: str
) -> None:
    statement, values = WRITES[name](scene)
    scene.hold("conversations", "id = %s", scene.rooms[0])

    with scene.waits(scene.ann, statement, *values) as done:
        scene.holder.execute(ENDS[end].encode(), (scene.ann,))
        scene.release()

    assert sqlstate(done) in {"42501", "PT403"}
    assert scene.world.fact("select max(last_seq) from conversations") == 1


def test_who_is_no_creator_any_more_adds_nobody(scene: Scene) -> None:
    scene.hold("conversations", "id = %s", scene.rooms[0])

    with scene.waits(scene.ann, ADD, scene.rooms[0], scene.people[3]) as done:
        hand_over = "update conversations set created_by = %s where id = %s"
        scene.holder.execute(hand_over, (scene.ben, scene.rooms[0]))
        scene.release()

    assert sqlstate(done) == "42501"


def test_somebody_who_is_leaving_is_added_again_after_they_have_left(scene: Scene) -> None:
    leave = "delete from conversation_participants where (conversation_id, user_id) = (%s, %s)"
    scene.world.lift_limits("return")
    scene.hold("conversations", "id = %s", scene.rooms[0])

    with scene.waits(scene.ben, leave, scene.rooms[0], scene.ben) as left:
        with scene.waits(scene.ann, ADD, scene.rooms[0], scene.ben) as added:
            scene.release()
        assert (sqlstate(left), sqlstate(added)) == (None, None)

    assert scene.world.fact("select participant_count from conversations where id = %s", scene.rooms[0]) == 3


def test_a_read_mark_of_several_conversations_and_a_removal_do_not_block_each_other(scene: Scene) -> None:
    """One walks the conversations of a user, the other the people of a conversation."""
    remove = "delete from conversation_participants where (conversation_id, user_id) = (%s, %s)"
    scene.hold("conversations", "id = %s", scene.rooms[1])

    with scene.waits(scene.ben, "update conversation_participants set last_read_at = now()") as read:
        with scene.waits(scene.ann, remove, scene.rooms[0], scene.ben) as removed:
            scene.release()
        assert (sqlstate(read), sqlstate(removed)) == (None, None)


def test_messages_of_several_senders_do_not_wait_either(scene: Scene) -> None:
    """The second sender's turn comes after the conversation of the first."""
    senders = (scene.ann, scene.ben)
    values = [value for sender in senders for value in (scene.organization, scene.rooms[0], sender)]
    scene.hold("private.send_windows", "user_id = %s", scene.ben)

    with pytest.raises(psycopg.Error, match="one conversation at a time"):
        scene.world.operator.execute(TWO.encode(), values)
    scene.release()

    scene.world.operator.execute(TWO.encode(), values)
