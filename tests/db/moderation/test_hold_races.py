"""A hold that is created while messages are removed: whichever comes first decides."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.support.race import race_operators
from tests.support.waiting import waiting
from tests.support.world import World

HOLD = "select moderation.create_hold('legal-7', 'ann', 'a lawsuit', p_conversation_id => %s)"
REMOVALS = {
    "redact": "select status, problem from moderation.redact_messages(array[%s::uuid], 'ben', 'spam')",
    "purge": "select status, problem from moderation.purge_messages(array[%s::uuid], 'ben', 'spam')",
}


@pytest.fixture
def sent(world: World) -> tuple[UUID, UUID]:
    """A conversation and a message in it."""
    organization, (ann, ben) = world.team(2)
    conversation = world.direct(organization, ann, ben)
    return conversation, world.send(ann, conversation)


@pytest.mark.parametrize("removal", REMOVALS.values(), ids=REMOVALS)
def test_a_removal_waits_for_a_hold_and_then_respects_it(
    world: World, sent: tuple[UUID, UUID], removal: str
) -> None:
    conversation, message = sent
    with world.database.connect() as holder, world.database.connect() as remover:

        def remove() -> list[tuple[Any, ...]]:
            return remover.execute(removal.encode(), (message,)).fetchall()

        holder.execute("begin")
        holder.execute(HOLD, (conversation,))
        with waiting(remover, remove, world.operator) as removed:
            holder.execute("commit")
            assert removed.result() == [("failed", "HELD")]
    assert world.fact("select content from messages") == "hello"


@pytest.mark.parametrize("removal", REMOVALS.values(), ids=REMOVALS)
def test_a_hold_waits_for_a_removal_that_came_first(
    world: World, sent: tuple[UUID, UUID], removal: str
) -> None:
    conversation, message = sent
    with world.database.connect() as holder, world.database.connect() as remover:
        remover.execute("begin")
        assert remover.execute(removal.encode(), (message,)).fetchall() == [("done", None)]
        with waiting(holder, lambda: holder.execute(HOLD, (conversation,)), world.operator) as held:
            remover.execute("commit")
            held.result()
    assert world.fact("select count(*) from moderation.holds") == 1


SNAPSHOT_REMOVALS = {
    **REMOVALS,
    "erase": "select moderation.erase_user(sender_id, 'keep', 'ben', 'asked') from messages where id = %s",
    "delete": "delete from messages where id = %s",
    "delete the user": "delete from auth.users where id in (select sender_id from messages where id = %s)",
    "forget the sender": "update messages set sender_id = null where id = %s",
    "truncate": "truncate messages /* %s */ cascade",
    "kept content": "update private.deleted_messages set content = null where message_id <> %s",
}


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
@pytest.mark.parametrize("removal", SNAPSHOT_REMOVALS.values(), ids=SNAPSHOT_REMOVALS)
def test_a_removal_from_a_snapshot_that_misses_a_hold_is_refused(
    world: World, sent: tuple[UUID, UUID], removal: str, level: str
) -> None:
    conversation, message = sent
    deleted = world.send(world.fact("select sender_id from messages"), conversation)
    world.operator.execute("update messages set deleted_at = now() where id = %s", (deleted,))
    with world.database.connect() as holder, world.database.connect() as remover:
        remover.execute(f"begin isolation level {level}".encode())
        remover.execute("select from private.holds")
        holder.execute(HOLD, (conversation,))
        with pytest.raises(psycopg.Error, match="Holds have changed") as refused:
            psycopg.ClientCursor(remover).execute(removal.encode(), (message,))
        assert refused.value.sqlstate == "PT409"
        remover.execute("rollback")
    assert world.fact("select count(*) from messages where sender_id is not null") == 2


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_a_removal_from_a_snapshot_that_has_every_hold_is_not_refused(
    world: World, sent: tuple[UUID, UUID], level: str
) -> None:
    _, message = sent
    with world.operator.transaction():
        world.operator.execute(f"set transaction isolation level {level}".encode())
        removed = world.operator.execute(REMOVALS["redact"].encode(), (message,)).fetchall()
    assert removed == [("done", None)]


def test_of_many_operators_who_remove_a_message_one_does_it(world: World, sent: tuple[UUID, UUID]) -> None:
    _, message = sent
    outcomes = race_operators(
        world.database, 8, lambda conn, _: conn.execute(REMOVALS["redact"].encode(), (message,)).fetchone()
    )
    assert sorted(outcomes) == [("done", None)] + [("noop", None)] * 7
    assert world.fact("select count(*) from moderation.log") == 1
