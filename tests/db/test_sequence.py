"""seq has no gaps, and readers see messages appear in its order."""

from __future__ import annotations

import threading
from uuid import UUID

import psycopg
import pytest

from chatctl.db.connection import Connection
from tests.support.race import race, refusals
from tests.support.world import SEND, World


def test_50_parallel_sends_are_numbered_without_gaps_in_commit_order(world: World) -> None:
    organization, people = world.team(50)
    conversation = world.group(organization, *people)
    done = threading.Event()
    observed: list[list[int]] = []

    def watch() -> None:
        with world.database.connect() as reader:
            while not done.is_set():
                observed.append([seq for (seq,) in reader.execute("select seq from messages order by seq")])

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
    # Whenever a reader looked, it saw no gap that a later commit filled.
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in observed)
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


def test_an_existing_message_under_on_conflict_do_nothing_leaves_no_gap(world: World) -> None:
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
def test_columns_of_the_server_cannot_be_written(world: World, column: str) -> None:
    organization, (ann, ben) = world.team(2)
    conversation = world.direct(organization, ann, ben)
    world.send(ann, conversation)

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        world.rows(ann, f"update messages set {column} = {column}")


def test_a_stranger_does_not_lock_a_conversation(world: World) -> None:
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


# Messages that trusted roles may send, but not clients -------------------------------------------------

INSERT = """
insert into messages (organization_id, conversation_id, sender_id, content, deleted_at)
values (%s, %s, %s, %s, %s) returning seq
"""


def test_a_message_in_the_name_of_a_non_participant_is_refused(world: World) -> None:
    organization, (ann, ben, cleo) = world.team(3)
    conversation = world.direct(organization, ann, ben)

    assert world.fact(INSERT, organization, conversation, cleo, "Cleo will join us.", None) == 1
    assert world.value(ann, "select get_unread_count(%s, %s)", conversation, ann) == 1


def test_a_message_imported_as_deleted_stays_deleted(world: World) -> None:
    organization, (ann, ben) = world.team(2)
    conversation = world.direct(organization, ann, ben)

    assert world.fact(INSERT, organization, conversation, ann, None, "2026-01-01") == 1
    counted = "select array[last_seq, last_message_seq, message_count] from conversations"
    assert world.fact(counted) == [1, 0, 0]


@pytest.mark.parametrize("missing", ["conversation", "organization"])
def test_a_message_to_a_missing_conversation_is_refused(world: World, missing: str) -> None:
    organization, (ann, ben) = world.team(2)
    conversation = world.direct(organization, ann, ben)
    nowhere = UUID(int=0)

    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        world.operator.execute(
            INSERT.encode(),
            (
                nowhere if missing == "organization" else organization,
                nowhere if missing == "conversation" else conversation,
                ann,
                "hello",
                None,
            ),
        )
    assert world.fact("select last_seq from conversations") == 0
