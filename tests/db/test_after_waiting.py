"""Permissions are checked again after a statement has waited for a lock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.support import locking
from tests.support.locking import ADD, LOCKING, REMOVE, SEND, WRITES, Scene
from tests.support.waiting import sqlstate
from tests.support.world import World


@pytest.fixture
def scene(world: World) -> Iterator[Scene]:
    with locking.scene(world) as scene:
        yield scene


# What happens to Ann while her statement waits.
ENDS = {
    "leaves": "delete from conversation_participants where user_id = %s",
    "is suspended": "insert into private.suspensions (user_id, reason) values (%s, 'spam')",
    "is removed from the organization": "delete from organization_members where user_id = %s",
}
# What she may still do afterwards.
STILL_ALLOWED = {
    ("start a group", "leaves"),
    ("start a direct conversation", "leaves"),
    ("change the profile", "leaves"),
    ("change the profile", "is removed from the organization"),
}
# These lock Ann's own row of participants while they wait for the conversation: she cannot leave meanwhile.
CANNOT_LEAVE = {(name, "leaves") for name in ("send a message", "mark read", "leave")}
# The row that each write changes before it locks any conversation.
CHANGED: dict[str, Callable[[Scene], tuple[str, str, Any]]] = {
    "edit": lambda s: ("messages", "id = %s", s.messages[0]),
    "delete": lambda s: ("messages", "id = %s", s.messages[0]),
    "react": lambda s: ("messages", "id = %s", s.messages[0]),
    "mark read": lambda s: ("conversation_participants", "user_id = %s", s.ann),
    "star": lambda s: ("conversation_participants", "user_id = %s", s.ann),
    "leave": lambda s: ("conversation_participants", "user_id = %s", s.ann),
    "remove": lambda s: ("conversation_participants", "user_id = %s", s.ben),
    "rename": lambda s: ("conversations", "id = %s", s.conversations[0]),
    "touch": lambda s: ("conversations", "id = %s", s.conversations[0]),
    "change the profile": lambda s: ("user_profiles", "id = %s", s.ann),
}
EVERYTHING = """
select array_agg(facts order by facts)
from (
  select to_jsonb(m)::text from messages m
  union all select (to_jsonb(c) - 'last_message_seq')::text from conversations c
  union all select to_jsonb(p)::text from conversation_participants p
  union all select to_jsonb(r)::text from private.read_states r
  union all select (to_jsonb(u) - 'updated_at')::text from user_profiles u
  union all select to_jsonb(d)::text from private.departures d
 union all select to_jsonb(r)::text from message_reports r
  union all select to_jsonb(o)::text from storage.objects o
) as all_rows (facts)
"""


def _changes_nothing(scene: Scene, name: str, end: str) -> None:
    """Let ``end`` happen to Ann while her statement waits for the lock of the holder; nothing must change."""
    statement, values = WRITES[name](scene)
    with scene.waits(scene.ann, statement, *values) as done:
        scene.holder.execute(ENDS[end].encode(), (scene.ann,))
        before = scene.holder.execute(EVERYTHING.encode()).fetchone()
        scene.release()

    assert sqlstate(done) in {None, "42501", "PT403", "PT404"}
    assert scene.holder.execute(EVERYTHING.encode()).fetchone() == before


@pytest.mark.parametrize(("name", "end"), sorted(set(product(WRITES, ENDS)) - STILL_ALLOWED))
def test_a_write_is_checked_again_after_waiting_for_its_users_turn(scene: Scene, name: str, end: str) -> None:
    scene.hold("private.send_windows", "user_id = %s", scene.ann)

    _changes_nothing(scene, name, end)


@pytest.mark.parametrize(("name", "end"), sorted(set(product(CHANGED, ENDS)) - STILL_ALLOWED))
def test_a_write_is_checked_again_after_waiting_for_the_row_it_changes(
    scene: Scene, name: str, end: str
) -> None:
    scene.hold(*CHANGED[name](scene))

    _changes_nothing(scene, name, end)


@pytest.mark.parametrize(("name", "end"), sorted(set(product(LOCKING, ENDS)) - CANNOT_LEAVE))
def test_a_write_is_checked_again_after_waiting_for_the_conversation(
    scene: Scene, name: str, end: str
) -> None:
    scene.hold("conversations", "id = %s", scene.conversations[0])

    _changes_nothing(scene, name, end)


@pytest.mark.parametrize(
    ("who", "end"),
    [("ann", "is suspended"), *((who, "is removed from the organization") for who in ("ann", "ben"))],
)
def test_a_write_is_checked_again_after_waiting_for_another_start_of_the_same_direct_conversation(
    scene: Scene, who: str, end: str
) -> None:
    scene.holder.execute("begin")
    scene.holder.execute(
        "select private.take_pair(%s, %s, %s)", (scene.organization, *sorted((scene.ann, scene.ben)))
    )

    statement, values = WRITES["start a direct conversation"](scene)
    with scene.waits(scene.ann, statement, *values) as done:
        scene.holder.execute(ENDS[end].encode(), (getattr(scene, who),))
        scene.release()

    assert sqlstate(done) in {"42501", "PT403"}


def test_a_write_is_checked_again_after_waiting_for_the_second_of_several_messages(scene: Scene) -> None:
    scene.hold("messages", "id = %s", scene.messages[1])

    with scene.waits(
        scene.ann, "update messages set content = 'new' where sender_id = %s", scene.ann
    ) as done:
        scene.holder.execute(REMOVE.encode(), (scene.conversations[0], scene.ann))
        scene.release()

    assert sqlstate(done) == "42501"
    assert scene.world.fact("select content from messages where id = %s", scene.messages[0]) != "new"


def test_a_sender_in_a_direct_conversation_is_removed_from_its_organization_after_sending(
    world: World, scene: Scene
) -> None:
    organization, people = world.team(1)
    direct = UUID(int=1)
    scene.holder.execute(
        "insert into organization_members (organization_id, user_id) values (%s, %s)",
        (organization, scene.ann),
    )
    scene.holder.execute(
        "insert into conversations (id, organization_id, is_group, created_by) values (%s, %s, false, %s)",
        (direct, organization, scene.ann),
    )
    scene.holder.execute(f"{ADD}, (%s, %s)".encode(), (direct, scene.ann, direct, people[0]))
    scene.hold("conversations", "id = %s", scene.conversations[0])

    both = f"{SEND}, (%s, %s, %s, 'hi')"
    values = (organization, direct, scene.ann, scene.organization, scene.conversations[0], scene.ann)
    with scene.waits(scene.ann, both, *values) as done, world.database.connect() as operator:
        operator.execute("set lock_timeout = '100ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            operator.execute(
                "delete from organization_members where organization_id = %s and user_id = %s",
                (organization, scene.ann),
            )
        scene.release()

    assert sqlstate(done) is None


def test_a_former_creator_adds_nobody(scene: Scene) -> None:
    scene.hold("conversations", "id = %s", scene.conversations[0])

    with scene.waits(scene.ann, ADD, scene.conversations[0], scene.people[3]) as done:
        hand_over = "update conversations set created_by = %s where id = %s"
        scene.holder.execute(hand_over, (scene.ben, scene.conversations[0]))
        scene.release()

    assert sqlstate(done) == "42501"
