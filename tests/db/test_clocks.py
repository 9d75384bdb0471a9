"""The clock of the server may be set back: times still increase, and nobody waits until it has caught up.

There is no fake clock: the stored times are moved ahead instead, which has the same effect.
"""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest

from tests.db.test_unread import FAST, SLOW
from tests.support.world import World

MARK = "update conversation_participants set last_read_at = {} where conversation_id = %s and user_id = %s"


@pytest.fixture
def chat(world: World) -> tuple[UUID, UUID, UUID]:
    """Ann and Ben have written to each other; tests then set the clock back."""
    organization, (ann, ben) = world.team(2)
    conversation = world.direct(organization, ann, ben)
    for _ in range(5):
        world.send(ann, conversation)
        world.send(ben, conversation)
    return ann, ben, conversation


def _set_back(world: World, by: str = "1 hour") -> None:
    """Move all stored times ahead by ``by``, as if everything had been written later."""
    with world.operator.transaction():
        world.operator.execute("set local session_replication_role = replica")
        for table, columns in {
            "conversations": ("created_at", "updated_at"),
            "messages": ("created_at", "updated_at"),
            "conversation_participants": ("joined_at", "last_read_at"),
        }.items():
            changes = ", ".join(f"{column} = {column} + %(by)s::interval" for column in columns)
            world.operator.execute(f"update {table} set {changes}".encode(), {"by": by})
        for window in ("send_windows set sent_at", "action_windows set at"):
            column = window.rsplit(maxsplit=1)[-1]
            later = f"update private.{window} = array(select t + %s::interval from unnest({column}) t)"
            world.operator.execute(later.encode(), (by,))


def _rises(world: World) -> bool:
    return True is world.fact(
        "select bool_and(later) from ("
        "select created_at > lag(created_at, 1, '-infinity') over (order by seq) as later from messages) m"
    )


def test_the_times_of_a_conversation_increase_whatever_the_clock_does(
    world: World, chat: tuple[UUID, UUID, UUID]
) -> None:
    ann, ben, conversation = chat
    _set_back(world)

    for sender in (ann, ben, ann):
        message = world.send(sender, conversation)
        world.changed(sender, "update messages set content = 'edited' where id = %s", message)
    world.changed(ann, "update messages set deleted_at = now() where sender_id = %s and seq > 11", ann)

    assert _rises(world)
    assert world.fact("select bool_and(updated_at >= created_at) from messages")
    assert world.fact("select bool_and(deleted_at >= created_at) from messages where deleted_at is not null")


def test_a_clock_that_steps_back_does_not_block_senders(world: World, chat: tuple[UUID, UUID, UUID]) -> None:
    ann, _, conversation = chat
    for _ in range(5):
        world.send(ann, conversation)
    with pytest.raises(psycopg.Error, match="Rate limit exceeded"):
        world.send(ann, conversation)
    _set_back(world)

    for _ in range(10):
        world.send(ann, conversation)
    with pytest.raises(psycopg.Error, match="Rate limit exceeded"):
        world.send(ann, conversation)


def test_a_small_step_back_blocks_for_at_most_twice_the_time(
    world: World, chat: tuple[UUID, UUID, UUID]
) -> None:
    ann, _, conversation = chat
    for _ in range(5):
        world.send(ann, conversation)
    _set_back(world, "55 seconds")

    with pytest.raises(psycopg.Error, match="Rate limit exceeded") as refused:
        world.send(ann, conversation)

    assert 60 < float(str(refused.value).split("again in ")[1].split()[0]) <= 120
    (allowed, retry_after) = world.rows(ann, "select allowed, retry_after from check_message_rate_limit()")[0]
    assert not allowed
    assert 60 < retry_after <= 120


def test_a_clock_that_steps_back_does_not_exhaust_other_limits(
    world: World, chat: tuple[UUID, UUID, UUID]
) -> None:
    ann = chat[0]
    world.operator.execute("update private.limits set allowed = 1 where action = 'profile'")
    change = "update user_profiles set full_name = 'x' where id = %s"
    world.rows(ann, change, ann)
    with pytest.raises(psycopg.Error, match="Rate limit exceeded"):
        world.rows(ann, change, ann)

    _set_back(world, "2 hours")

    assert world.changed(ann, change, ann) == 1


@pytest.mark.parametrize("mark", ["select mark_conversation_read(%s)", MARK.format("now()"), "send"])
def test_messages_ahead_of_the_clock_can_be_marked_as_read(
    world: World, chat: tuple[UUID, UUID, UUID], mark: str
) -> None:
    ann, ben, conversation = chat
    _set_back(world)
    world.send(ann, conversation)
    assert world.value(ben, "select get_unread_count(%s, %s)", conversation, ben) > 0

    if mark == "send":
        world.rows(ben, "select send_message(%s, 'hi')", conversation)
    else:
        world.rows(ben, mark, *(conversation, ben)[: mark.count("%s")])

    assert world.value(ben, "select get_unread_count(%s, %s)", conversation, ben) == 0
    fast = world.operator.execute(FAST.encode(), (conversation,)).fetchall()
    assert fast == world.operator.execute(SLOW.encode(), (conversation,)).fetchall()

    world.send(ann, conversation)
    assert world.value(ben, "select get_unread_count(%s, %s)", conversation, ben) == 1


def test_a_message_ahead_of_the_clock_is_a_position_of_its_own(
    world: World, chat: tuple[UUID, UUID, UUID]
) -> None:
    _, ben, conversation = chat
    _set_back(world)

    # Every other one of the ten is Ben's own; Ann's last one is number 9.
    assert world.value(ben, "select mark_conversation_read(%s, 7)", conversation) == 1


def test_a_read_position_is_never_beyond_the_last_message(
    world: World, chat: tuple[UUID, UUID, UUID]
) -> None:
    ann, ben, conversation = chat
    _set_back(world)

    for nonsense in ("'infinity'", "'2100-01-01'", "now() + interval '3 hours'"):
        world.changed(ben, MARK.format(nonsense), conversation, ben)
        assert world.fact(
            "select p.last_read_at = c.updated_at from conversation_participants p "
            "join conversations c on c.id = p.conversation_id where p.user_id = %s",
            ben,
        )
    world.send(ann, conversation)
    assert world.value(ben, "select get_unread_count(%s, %s)", conversation, ben) == 1


BEFORE_CHAT = ["'-infinity'", "'4713-01-01 BC'", "'1970-01-01Z'", "'1999-12-31 23:59:59.999999Z'"]


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
@pytest.mark.parametrize("moment", BEFORE_CHAT)
def test_a_read_position_before_chat_existed_means_nothing_was_read(
    world: World, chat: tuple[UUID, UUID, UUID], moment: str, zone: str
) -> None:
    ann, ben, conversation = chat
    stored = "select last_read_at from conversation_participants where user_id = %s"
    world.changed(ben, MARK.format("now()"), conversation, ben)

    with world.acting(ben) as conn:
        conn.execute("select set_config('timezone', %s, true)", (zone,))
        assert conn.execute(MARK.format(moment).encode(), (conversation, ben)).rowcount == 1

    assert world.fact(stored, ben) is None
    assert world.value(ben, "select get_unread_count(%s, %s)", conversation, ben) == 5
    world.operator.execute("select set_config('timezone', %s, false)", (zone,))
    world.operator.execute(MARK.format(moment).encode(), (conversation, ann))
    assert world.fact(stored, ann) is None
    world.changed(ben, MARK.format("'2000-01-01Z'"), conversation, ben)
    assert world.fact(f"{stored} and last_read_at = '2000-01-01Z'", ben) is not None


@pytest.mark.parametrize("moment", BEFORE_CHAT)
def test_joining_with_a_read_position_before_chat_existed_means_nothing_was_read(
    world: World, moment: str
) -> None:
    organization, people = world.team(4)
    conversation = world.group(organization, *people[:3])
    join = "insert into conversation_participants (conversation_id, user_id, last_read_at)"

    world.operator.execute(f"{join} values (%s, %s, {moment})".encode(), (conversation, people[3]))

    read = "select last_read_at is null from conversation_participants where user_id = %s"
    assert world.fact(read, people[3])


def test_a_read_position_before_chat_existed_is_not_stored(
    world: World, chat: tuple[UUID, UUID, UUID]
) -> None:
    _, ben, conversation = chat
    world.operator.execute("set session_replication_role = replica")

    with pytest.raises(psycopg.errors.CheckViolation):
        world.operator.execute(MARK.format("'1970-01-01'").encode(), (conversation, ben))
