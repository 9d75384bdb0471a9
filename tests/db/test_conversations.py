"""Who can be in which conversation, also with several concurrent sessions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg
import pytest

from chatctl.db.connection import Connection
from tests.support.race import race, refusals
from tests.support.refused import details, error_code
from tests.support.world import World

ADD = "insert into conversation_participants (conversation_id, user_id) values (%s, %s)"


def _start_by_hand(conn: Connection, organization: UUID, creator: UUID, *other_people: UUID) -> UUID:
    """Start a conversation in two steps, as clients may do."""
    conversation: UUID
    [(conversation,)] = conn.execute(
        "insert into conversations (organization_id, name, is_group, created_by) "
        "values (%s, null, false, %s) returning id",
        (organization, creator),
    ).fetchall()
    with conn.cursor() as cursor:
        cursor.execute(
            "insert into conversation_participants (conversation_id, user_id, last_read_at) "
            "select %s, u, case when u = %s then now() end from unnest(%s::uuid[]) u",
            (conversation, creator, [creator, *other_people]),
        )
    return conversation


def test_20_sessions_starting_the_same_direct_conversation_create_one(world: World) -> None:
    organization, (ann, ben) = world.team(2)

    def start(conn: Connection, number: int) -> UUID:
        me, other = (ann, ben) if number % 2 else (ben, ann)
        with world.acting(me, conn=conn):
            return _start_by_hand(conn, organization, me, other)

    outcomes = race(world.database, 20, start)

    refused = refusals(outcomes)
    assert len(refused) == 19
    assert {(error.sqlstate, error_code(error)) for error in refused} == {("PT409", "DUPLICATE_CONVERSATION")}
    (winner,) = [str(outcome) for outcome in outcomes if outcome not in refused]
    assert {details(error)["conversation_id"] for error in refused} == {winner}
    assert world.fact("select count(*) from conversations") == 1


def test_20_sessions_requesting_the_same_direct_conversation_get_the_same(world: World) -> None:
    organization, (ann, ben) = world.team(2)

    def start(conn: Connection, number: int) -> Any:
        me, other = (ann, ben) if number % 2 else (ben, ann)
        return world.value(me, "select start_direct_conversation(%s, %s)", other, organization, conn=conn)

    outcomes = race(world.database, 20, start)

    assert not refusals(outcomes)
    assert len(set(outcomes)) == 1
    assert world.fact("select count(*) from conversations") == 1


def test_a_pair_has_one_direct_conversation_per_organization(world: World) -> None:
    first, (ann, ben) = world.team(2)
    second = world.organization(ann, ben)

    assert world.direct(first, ann, ben) != world.direct(second, ann, ben)


def test_a_group_never_has_more_than_50_participants(world: World) -> None:
    organization, people = world.team(63)
    ann, *colleagues = people
    conversation = world.group(organization, ann, *colleagues[:2])

    def add(conn: Connection, number: int) -> None:
        with world.acting(ann, conn=conn):
            conn.execute(ADD, (conversation, colleagues[2 + number]))

    outcomes = race(world.database, 60, add)

    refused = refusals(outcomes)
    assert len(refused) == 13
    assert {error.sqlstate for error in refused} == {"PT400"}
    counted = world.fact(
        "select count(*) from conversation_participants where conversation_id = %s", conversation
    )
    assert counted == 50
    assert world.fact("select participant_count from conversations where id = %s", conversation) == 50


@pytest.mark.parametrize("number_of_others", [0, 1])
def test_a_group_of_fewer_than_three_is_refused(world: World, number_of_others: int) -> None:
    organization, (ann, ben) = world.team(2)

    with pytest.raises(psycopg.Error, match="at least 3") as refused:
        world.group(organization, ann, *[ben][:number_of_others])

    assert error_code(refused.value) == "VALIDATION_ERROR"
    assert world.fact("select count(*) from conversations") == 0


def test_a_group_of_51_is_refused(world: World) -> None:
    organization, people = world.team(51)

    with pytest.raises(psycopg.Error, match="at most 50"):
        world.group(organization, *people)


def test_nobody_is_added_to_a_direct_conversation(world: World) -> None:
    organization, (ann, ben, cem) = world.team(3)
    conversation = world.direct(organization, ann, ben)

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        world.rows(ann, ADD, conversation, cem)
    with pytest.raises(psycopg.Error, match="direct conversation"):
        world.operator.execute(ADD, (conversation, cem))


def test_only_members_of_the_organization_can_be_added(world: World) -> None:
    organization, people = world.team(3)
    conversation = world.group(organization, *people)
    stranger = world.user()

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        world.rows(people[0], ADD, conversation, stranger)
    with pytest.raises(psycopg.Error, match="members of the organization"):
        world.operator.execute(ADD, (conversation, stranger))


def test_only_the_creator_adds_participants(world: World) -> None:
    organization, people = world.team(4)
    conversation = world.group(organization, *people[:3])

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        world.rows(people[1], ADD, conversation, people[3])
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        world.rows(people[3], ADD, conversation, people[3])
    assert world.changed(people[0], ADD, conversation, people[3]) == 1


def test_a_conversation_without_its_creator_is_refused(world: World) -> None:
    organization, (ann, ben, cem) = world.team(3)

    with world.acting(ann) as conn, pytest.raises(psycopg.Error, match="creator takes part"):
        [(conversation,)] = conn.execute(
            "insert into conversations (organization_id, created_by) values (%s, %s) returning id",
            (organization, ann),
        ).fetchall()
        with conn.transaction():
            conn.execute(
                "insert into conversation_participants (conversation_id, user_id) values (%s, %s), (%s, %s)",
                (conversation, ben, conversation, cem),
            )


def test_a_participant_may_leave_a_group_but_not_a_direct_conversation(world: World) -> None:
    organization, people = world.team(3)
    group = world.group(organization, *people)
    direct = world.direct(organization, people[0], people[1])
    leave = "delete from conversation_participants where conversation_id = %s and user_id = %s"

    assert world.changed(people[1], leave, group, people[1]) == 1
    assert world.changed(people[1], leave, direct, people[1]) == 0
    assert world.changed(people[2], leave, group, people[0]) == 0
    assert world.changed(people[0], leave, group, people[2]) == 1
    assert world.fact("select participant_count from conversations where id = %s", group) == 1


def test_the_creator_sees_a_conversation_before_it_has_participants(world: World) -> None:
    organization, (ann, ben) = world.team(2)

    conversation = world.value(
        ann,
        "insert into conversations (organization_id, created_by) values (%s, %s) returning id",
        organization,
        ann,
    )

    assert world.value(ann, "select count(*) from conversations where id = %s", conversation) == 1
    assert world.value(ben, "select count(*) from conversations where id = %s", conversation) == 0


def test_a_creator_who_left_sees_and_manages_nothing(world: World) -> None:
    organization, people = world.team(4)
    ann = people[0]
    conversation = world.group(organization, *people[:3])
    world.changed(ann, "delete from conversation_participants where user_id = %s", ann)

    assert world.value(ann, "select count(*) from conversations") == 0
    assert world.changed(ann, "update conversations set name = 'mine'") == 0
    assert world.changed(ann, "delete from conversation_participants") == 0
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        world.rows(ann, ADD, conversation, people[3])


def test_the_participant_count_is_correct_after_a_user_is_erased(world: World) -> None:
    organization, people = world.team(3)
    conversation = world.group(organization, *people)

    world.operator.execute("delete from auth.users where id = %s", (people[2],))

    assert world.fact("select participant_count from conversations where id = %s", conversation) == 2


GROUP_SIZE = "conversations_participant_count"
GROUP_NAME = "conversations_name"


@pytest.mark.parametrize(
    ("is_group", "change", "constraint"),
    [
        (True, "name = null", GROUP_NAME),
        (True, "name = '  '", GROUP_NAME),
        (True, "name = E' \\n\\t'", GROUP_NAME),
        (True, "name = repeat('x', 256)", GROUP_NAME),
        (True, "is_group = false, participant_count = 2", GROUP_NAME),
        (True, "participant_count = 51", GROUP_SIZE),
        (True, "participant_count = -1", GROUP_SIZE),
        (False, "name = 'Team'", GROUP_NAME),
        (False, "is_group = true", GROUP_NAME),
        (False, "participant_count = 3", GROUP_SIZE),
        (False, "name = null, participant_count = 2", None),
        (True, "name = 'x'", None),
        (True, "name = repeat('x', 255), participant_count = 50", None),
        (True, "is_group = false, name = null, participant_count = 2", None),
    ],
)
def test_the_rules_of_conversations_apply_to_the_operator_too(
    world: World, is_group: bool, change: str, constraint: str | None
) -> None:
    organization, (ann, ben, cleo) = world.team(3)
    conversation = (
        world.group(organization, ann, ben, cleo) if is_group else world.direct(organization, ann, ben)
    )
    update = f"update conversations set {change} where id = %s"

    if constraint is None:
        world.operator.execute(update.encode(), (conversation,))
        return
    with pytest.raises(psycopg.errors.CheckViolation) as refused:
        world.operator.execute(update.encode(), (conversation,))

    assert refused.value.diag.constraint_name == constraint
    assert refused.value.diag.table_name == "conversations"
