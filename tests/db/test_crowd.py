"""Many people do everything they may do at the same time, without deadlocks, errors or broken rules."""

from __future__ import annotations

import pytest

from tests.support.crowd import Outcome, Plan, run
from tests.support.invariants import breaches
from tests.support.world import Database, World


def _in_order(outcome: Outcome) -> None:
    assert outcome.deadlocks_and_timeouts == 0, str(outcome)
    assert not outcome.unexpected, str(outcome)
    assert not outcome.breaches, str(outcome)


PATIENCE = 300  # seconds for a request: a longer wait never ends, even on a slow machine


@pytest.mark.parametrize("conversations", [1, 20])
@pytest.mark.parametrize("erased", [0, 10])
def test_a_crowd_keeps_the_rules_for_a_few_seconds(
    database: Database, conversations: int, erased: int
) -> None:
    plan = Plan(conversations=conversations, erased=erased, seconds=3, timeout=PATIENCE)
    _in_order(run(database, plan))


def test_a_crowd_keeps_the_rules_when_the_hook_cancels_requests(database: Database) -> None:
    _in_order(run(database, Plan(conversations=2, erased=10, seconds=3, hook=True)))


@pytest.mark.slow
@pytest.mark.parametrize("conversations", [1, 20])
@pytest.mark.parametrize("erased", [0, 25])
def test_50_clients_of_25_people_keep_the_rules_for_a_minute(
    database: Database, conversations: int, erased: int
) -> None:
    # Plus those who are deleted, so that 25 people remain.
    plan = Plan(people=25 + erased, conversations=conversations, erased=erased, seconds=60, timeout=PATIENCE)
    _in_order(run(database, plan))


@pytest.mark.parametrize(
    ("column", "wrong"),
    [("last_seq", 4), ("message_count", 1), ("last_message_seq", 2), ("participant_count", 4)],
)
def test_a_wrong_counter_is_detected_although_a_message_was_purged(
    world: World, column: str, wrong: int
) -> None:
    organization, people = world.team(3)
    conversation = world.group(organization, *people)
    for person in people:
        world.send(person, conversation)
    ((seq,),) = world.operator.execute("delete from messages where seq = 2 returning seq").fetchall()
    assert breaches(world.operator, {(conversation, seq)}) == {}

    world.operator.execute(f"update conversations set {column} = %s".encode(), (wrong,))

    assert [rule for rule in breaches(world.operator, {(conversation, seq)}) if column in rule]
