"""At most ten messages of one sender are accepted in any sixty seconds, whatever is tried."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from chatctl.db.connection import Connection
from tests.support.race import race, refusals
from tests.support.refused import details, error_code
from tests.support.waiting import waiting
from tests.support.world import SEND, World

ONE = "insert into messages (organization_id, conversation_id, sender_id, content) values (%s, %s, %s, %s)"
# A message counts from a time at or after its acceptance: at most this long after the start of its trigger.
NOTED_AHEAD = timedelta(milliseconds=20)


def _age(world: World, sender: UUID, seconds: float) -> None:
    world.operator.execute(
        "update private.send_windows set sent_at = ("
        "select array_agg(t - %s * interval '1 second' order by t) "
        "from unnest(sent_at) t) where user_id = %s",
        (seconds, sender),
    )


def test_exactly_10_of_100_parallel_sends_are_accepted(world: World) -> None:
    organization, people = world.team(3)
    ann = people[0]
    conversation = world.group(organization, *people)

    def send(conn: Connection, number: int) -> None:
        world.rows(ann, SEND, f"message {number}", conversation, conn=conn)

    outcomes = race(world.database, 100, send)

    refused = refusals(outcomes)
    assert len(refused) == 90
    assert {error.sqlstate for error in refused} == {"PT429"}
    assert world.fact("select count(*) from messages where sender_id = %s", ann) == 10
    reset_at = world.fact("select min(created_at) + interval '60 s' from messages")
    for error in refused:
        limit = details(error)
        assert limit["limit"] == 10
        assert limit["remaining"] == 0
        assert reset_at <= datetime.fromisoformat(limit["reset_at"]) <= reset_at + NOTED_AHEAD
        assert 0 < limit["retry_after"] <= 61  # whole seconds, and recorded in advance
        assert limit["retry_after"] >= (reset_at - datetime.now(UTC)).total_seconds()
        assert error_code(error) == "RATE_LIMITED"


def test_one_statement_with_20_rows_is_refused_as_a_whole(world: World) -> None:
    organization, (ann, ben) = world.team(2)
    conversation = world.direct(organization, ann, ben)

    with pytest.raises(psycopg.Error, match="Rate limit exceeded") as refused:
        world.rows(
            ann,
            "insert into messages (organization_id, conversation_id, sender_id, content) "
            "select %s, %s, %s, 'n ' || n from generate_series(1, 20) n",
            organization,
            conversation,
            ann,
        )

    assert refused.value.sqlstate == "PT429"
    assert world.fact("select count(*) from messages") == 0
    assert world.fact("select last_seq from conversations where id = %s", conversation) == 0


def test_backdating_is_refused(world: World) -> None:
    organization, (ann, ben) = world.team(2)
    conversation = world.direct(organization, ann, ben)

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        world.rows(
            ann,
            "insert into messages (organization_id, conversation_id, sender_id, content, created_at) "
            "values (%s, %s, %s, 'old', '1999-01-01')",
            organization,
            conversation,
            ann,
        )


def test_an_operator_cannot_backdate_either(world: World) -> None:
    organization, (ann, ben) = world.team(2)
    conversation = world.direct(organization, ann, ben)

    world.operator.execute(
        "insert into messages (organization_id, conversation_id, sender_id, content, created_at) "
        "values (%s, %s, %s, 'old', '1999-01-01')",
        (organization, conversation, ann),
    )

    assert world.fact("select created_at > now() - interval '1 minute' from messages")


def test_deleting_ten_messages_does_not_reset_the_limit(world: World) -> None:
    organization, (ann, ben) = world.team(2)
    conversation = world.direct(organization, ann, ben)
    for number in range(10):
        world.send(ann, conversation, f"message {number}")
    world.changed(ann, "update messages set deleted_at = now() where sender_id = %s", ann)

    with pytest.raises(psycopg.Error, match="Rate limit exceeded"):
        world.send(ann, conversation)


def test_leaving_and_returning_does_not_reset_the_limit(world: World) -> None:
    organization, people = world.team(4)
    conversation = world.group(organization, *people)
    ben = people[1]
    for number in range(10):
        world.send(ben, conversation, f"message {number}")
    world.changed(ben, "delete from conversation_participants where user_id = %s", ben)
    world.operator.execute(
        "insert into conversation_participants (conversation_id, user_id) values (%s, %s)",
        (conversation, ben),
    )

    with pytest.raises(psycopg.Error, match="Rate limit exceeded"):
        world.send(ben, conversation)


def test_the_limit_applies_across_conversations(world: World) -> None:
    organization, (ann, ben, cem) = world.team(3)
    first, second = world.direct(organization, ann, ben), world.direct(organization, ann, cem)
    for number in range(10):
        world.send(ann, (first, second)[number % 2])

    with pytest.raises(psycopg.Error, match="Rate limit exceeded"):
        world.send(ann, second)


def test_two_senders_do_not_block_each_other(world: World) -> None:
    organization, (ann, ben) = world.team(2)
    conversation = world.direct(organization, ann, ben)
    for number in range(10):
        world.send(ann, conversation, f"message {number}")

    assert world.send(ben, conversation)


def test_a_message_leaves_the_window_after_sixty_seconds(world: World) -> None:
    organization, (ann, ben) = world.team(2)
    conversation = world.direct(organization, ann, ben)
    for number in range(10):
        world.send(ann, conversation, f"message {number}")
    _age(world, ann, 59.5)
    with pytest.raises(psycopg.Error, match="Try again in 1 seconds"):
        world.send(ann, conversation)

    _age(world, ann, 2)

    assert world.send(ann, conversation)


def test_a_message_that_waited_counts_from_its_acceptance(world: World) -> None:
    organization, (ann, ben) = world.team(2)
    conversation = world.direct(organization, ann, ben)
    world.send(ann, conversation)  # its window exists: the next message is counted before it waits
    values = (organization, conversation, ann, "waited")

    with world.database.connect() as holder, world.acting(ann) as conn, holder.transaction():
        holder.execute("select from conversations where id = %s for update", (conversation,))
        with waiting(conn, lambda: conn.execute(ONE.encode(), values), world.operator) as sent:
            holder.execute("select pg_sleep(0.1)")
            holder.execute("commit; begin")
            sent.result()

    accepted = world.fact("select created_at from messages where content = 'waited'")
    assert world.fact("select sent_at[2] from private.send_windows where user_id = %s", ann) == accepted


def test_a_refused_message_does_not_count(world: World) -> None:
    organization, (ann, ben) = world.team(2)
    conversation = world.direct(organization, ann, ben)
    for _ in range(12):
        with pytest.raises(psycopg.errors.CheckViolation):
            world.rows(ann, ONE, organization, conversation, ann, "x" * 4001)

    assert world.rows(ann, "select allowed, remaining from check_message_rate_limit()") == [(True, 10)]


def test_the_check_reports_what_the_database_will_do(world: World) -> None:
    organization, (ann, ben) = world.team(2)
    conversation = world.direct(organization, ann, ben)
    ask = 'select allowed, "limit", remaining, reset_at, retry_after from check_message_rate_limit()'
    for sent in range(10):
        assert world.rows(ann, ask)[0][:3] == (True, 10, 10 - sent)
        world.send(ann, conversation)

    (allowed, _, remaining, reset_at, retry_after) = world.rows(ann, ask)[0]

    assert (allowed, remaining) == (False, 0)
    first_leaves = world.fact("select min(created_at) + interval '60 s' from messages")
    assert first_leaves <= reset_at <= first_leaves + NOTED_AHEAD
    assert 0 < retry_after <= 61
