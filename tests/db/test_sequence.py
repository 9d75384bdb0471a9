"""seq is gap-free, and readers see messages appear in its order."""

from __future__ import annotations

import threading

import psycopg
import pytest

from chatctl.db.connection import Connection
from tests.race import race, refusals
from tests.world import SEND, World


def test_50_parallel_sends_are_numbered_without_gap_in_the_order_of_commit(world: World) -> None:
    organization, people = world.team(50)
    conversation = world.group(organization, *people)
    done = threading.Event()
    seen: list[list[int]] = []

    def watch() -> None:
        with world.database.connect() as reader:
            while not done.is_set():
                seen.append([seq for (seq,) in reader.execute("select seq from messages order by seq")])

    def send(conn: Connection, number: int) -> None:
        world.rows(people[number], SEND, "hi", conversation, conn=conn)

    reader = threading.Thread(target=watch)
    reader.start()
    outcomes = race(world.database, 50, send)
    done.set()
    reader.join()

    assert not refusals(outcomes)
    numbers = [seq for (seq,) in world.operator.execute("select seq from messages order by seq")]
    assert numbers == list(range(1, 51))
    # Whatever moment a reader looked: what it saw had no gap that a later commit filled.
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in seen)
    assert world.fact(
        "select bool_and(later) from ("
        "select created_at > lag(created_at) over (order by seq) as later from messages) m"
    )


def test_a_refused_message_leaves_no_gap(world: World) -> None:
    organization, (ann, ben) = world.team(2)
    conversation = world.direct(organization, ann, ben)
    world.send(ann, conversation)
    with pytest.raises(psycopg.errors.CheckViolation):
        world.send(ann, conversation, "x" * 4001)

    world.send(ann, conversation)

    assert [s for (s,) in world.operator.execute("select seq from messages order by 1")] == [1, 2]


def test_a_message_that_exists_leaves_no_gap_under_on_conflict_do_nothing(world: World) -> None:
    organization, (ann, ben) = world.team(2)
    conversation = world.direct(organization, ann, ben)
    message = world.send(ann, conversation)

    with pytest.raises(psycopg.errors.UniqueViolation):
        world.rows(
            None,
            "insert into messages (id, organization_id, conversation_id, sender_id, content) "
            "values (%s, %s, %s, %s, 'again') on conflict do nothing",
            message,
            organization,
            conversation,
            ann,
            role="service_role",
        )
    assert world.fact("select last_seq from conversations where id = %s", conversation) == 1


@pytest.mark.parametrize(
    "column", ["seq", "created_at", "conversation_id", "organization_id", "sender_id", "id"]
)
def test_what_is_the_servers_cannot_be_written(world: World, column: str) -> None:
    organization, (ann, ben) = world.team(2)
    conversation = world.direct(organization, ann, ben)
    world.send(ann, conversation)

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        world.rows(ann, f"update messages set {column} = {column}")


def test_a_stranger_takes_no_lock_of_a_conversation(world: World) -> None:
    organization, (ann, ben, eve) = world.team(3)
    conversation = world.direct(organization, ann, ben)

    with world.database.connect("authenticator") as other, world.acting(ann, conn=other) as holding:
        holding.execute(SEND.encode(), ("first", conversation))  # holds the conversation until it commits
        with pytest.raises(psycopg.errors.InsufficientPrivilege), world.acting(eve) as conn:
            conn.execute("set local lock_timeout = '1s'")
            conn.execute(
                "insert into messages (organization_id, conversation_id, sender_id, content) "
                "values (%s, %s, %s, 'hi')",
                (organization, conversation, eve),
            )
