"""Participants change only their own reactions; no write loses a reaction of somebody else."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import Jsonb

from chatctl.db.connection import Connection
from tests.support.race import race, refusals
from tests.support.refused import error_code
from tests.support.world import World

WRITE = "update messages set reactions = %s where id = %s"


def _entry(user: UUID, emoji: str = "👍") -> dict[str, str]:
    return {"userId": str(user), "emoji": emoji}


@pytest.fixture
def chat(world: World) -> tuple[list[UUID], UUID]:
    organization, people = world.team(4)
    conversation = world.group(organization, *people[:3])
    return people, world.send(people[0], conversation)


def _reactions(world: World, message: UUID) -> Any:
    return world.fact("select reactions from messages where id = %s", message)


def test_two_concurrent_toggles_keep_both_reactions(world: World, chat: tuple[list[UUID], UUID]) -> None:
    people, message = chat

    def toggle(conn: Connection, number: int) -> None:
        with world.acting(people[number], conn=conn):
            conn.execute("select toggle_reaction(%s, %s)", (message, "🎉"))

    outcomes = race(world.database, 3, toggle)

    assert not refusals(outcomes)
    reacting = sorted(entry["userId"] for entry in _reactions(world, message))
    assert reacting == sorted(str(person) for person in people[:3])


def test_writing_an_outdated_array_loses_no_reaction_of_others(
    world: World, chat: tuple[list[UUID], UUID]
) -> None:
    people, message = chat
    world.changed(people[1], WRITE, Jsonb([_entry(people[1])]), message)

    world.changed(people[2], WRITE, Jsonb([_entry(people[2])]), message)  # from a page that was read earlier

    assert _reactions(world, message) == [_entry(people[1]), _entry(people[2])]


def test_toggling_twice_removes_a_reaction(world: World, chat: tuple[list[UUID], UUID]) -> None:
    people, message = chat
    toggle = "select toggle_reaction(%s, %s)"
    world.value(people[1], toggle, message, "👍")

    assert world.value(people[2], toggle, message, "👍") == [_entry(people[1]), _entry(people[2])]
    assert world.value(people[1], toggle, message, "👍") == [_entry(people[2])]


@pytest.mark.parametrize("emoji", ["👍", "❤️"])
def test_a_reaction_in_the_name_of_somebody_else_is_ignored(
    world: World, chat: tuple[list[UUID], UUID], emoji: str
) -> None:
    people, message = chat
    own_reactions = [_entry(people[0])]
    world.changed(people[0], WRITE, Jsonb(own_reactions), message)

    world.rows(people[1], WRITE, Jsonb([*own_reactions, _entry(people[2], emoji)]), message)
    assert _reactions(world, message) == own_reactions

    world.rows(people[1], WRITE, Jsonb([_entry(people[0], emoji + emoji), _entry(people[1])]), message)
    assert _reactions(world, message) == [*own_reactions, _entry(people[1])]


def test_a_reaction_in_the_name_of_somebody_else_is_refused_at_insert(world: World) -> None:
    organization, (ann, ben) = world.team(2)
    conversation = world.direct(organization, ann, ben)
    insert = (
        "insert into messages (organization_id, conversation_id, sender_id, content, reactions) "
        "values (%s, %s, %s, 'hi', %s)"
    )

    for forged in (_entry(ben), {"userId": "x"}, "👍", None):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            world.rows(ann, insert, organization, conversation, ann, Jsonb([_entry(ann), forged]))
    for invalid in (Jsonb({}), Jsonb("👍"), Jsonb([{"userId": str(ann)}])):
        with pytest.raises(psycopg.errors.CheckViolation):
            world.rows(ann, insert, organization, conversation, ann, invalid)
    assert world.changed(ann, insert, organization, conversation, ann, Jsonb([_entry(ann)])) == 1
    world.operator.execute(insert, (organization, conversation, ann, Jsonb([_entry(ben), _entry(ann)])))


def test_an_array_with_a_reaction_that_was_just_removed_is_not_an_error(
    world: World, chat: tuple[list[UUID], UUID]
) -> None:
    people, message = chat
    world.changed(people[1], WRITE, Jsonb([_entry(people[1])]), message)
    read_before = _reactions(world, message)
    world.changed(people[1], WRITE, Jsonb([]), message)

    world.changed(people[2], WRITE, Jsonb([*read_before, _entry(people[2])]), message)

    assert _reactions(world, message) == [_entry(people[2])]


def test_removing_a_reaction_of_somebody_else_changes_nothing(
    world: World, chat: tuple[list[UUID], UUID]
) -> None:
    people, message = chat
    world.changed(people[1], WRITE, Jsonb([_entry(people[1])]), message)

    world.changed(people[2], WRITE, Jsonb([]), message)

    assert _reactions(world, message) == [_entry(people[1])]


def test_a_colleague_outside_the_conversation_cannot_react(
    world: World, chat: tuple[list[UUID], UUID]
) -> None:
    people, message = chat

    assert world.changed(people[3], WRITE, Jsonb([_entry(people[3])]), message) == 0
    with pytest.raises(psycopg.Error, match="could not be found"):
        world.rows(people[3], "select toggle_reaction(%s, '👍')", message)


@pytest.mark.parametrize(
    "reactions",
    [
        {"userId": "x"},
        "👍",
        3,
        None,
        [{"emoji": "👍"}],
        ["👍"],
        [None],
        [[]],
        [{"userId": "x", "emoji": "👍"}],
        [{"userId": "0B5E0B5E-AAAA-BBBB-CCCC-0123456789AB", "emoji": "👍"}],
    ],
)
def test_an_invalid_list_of_reactions_is_refused(
    world: World, chat: tuple[list[UUID], UUID], reactions: object
) -> None:
    people, message = chat

    with pytest.raises(psycopg.errors.CheckViolation):
        world.rows(people[1], WRITE, Jsonb(reactions), message)
    assert _reactions(world, message) == []


@pytest.mark.parametrize("more", [{"emoji": ""}, {"emoji": "x" * 33}, {"emoji": 7}, {"emoji": "👍", "by": 1}])
def test_an_own_reaction_contains_only_an_emoji(
    world: World, chat: tuple[list[UUID], UUID], more: dict[str, object]
) -> None:
    people, message = chat

    with pytest.raises(psycopg.errors.CheckViolation):
        world.rows(people[1], WRITE, Jsonb([{"userId": str(people[1]), **more}]), message)


def _many(user: UUID, size: int) -> Jsonb:
    return Jsonb([_entry(user, f"{number:032}") for number in range(size)])


def test_nobody_can_fill_a_message_with_reactions(world: World, chat: tuple[list[UUID], UUID]) -> None:
    people, message = chat
    for size in (21, 1000, 100_000):
        with pytest.raises(psycopg.Error) as refused:
            world.rows(people[1], WRITE, _many(people[1], size), message)
        assert error_code(refused.value) == "VALIDATION_ERROR"

    assert world.changed(people[1], WRITE, _many(people[1], 20), message) == 1
    with pytest.raises(psycopg.Error, match="at most 20"):
        world.rows(people[1], "select toggle_reaction(%s, '👍')", message)
    assert world.rows(people[2], "select toggle_reaction(%s, '👍')", message)


def test_a_new_message_whose_reactions_are_null_has_none(world: World) -> None:
    organization, (ann, ben) = world.team(2)
    conversation = world.direct(organization, ann, ben)
    insert = (
        "insert into messages (organization_id, conversation_id, sender_id, content, reactions) "
        "values (%s, %s, %s, 'hi', null) returning reactions"
    )

    assert world.rows(ann, insert, organization, conversation, ann) == [([],)]


def test_a_new_message_has_at_most_20_reactions(world: World) -> None:
    organization, (ann, ben) = world.team(2)
    conversation = world.direct(organization, ann, ben)
    insert = (
        "insert into messages (organization_id, conversation_id, sender_id, content, reactions) "
        "values (%s, %s, %s, 'hi', %s)"
    )

    with pytest.raises(psycopg.Error, match="at most 20"):
        world.rows(ann, insert, organization, conversation, ann, _many(ann, 21))
    assert world.changed(ann, insert, organization, conversation, ann, _many(ann, 20)) == 1


def test_excess_reactions_from_before_the_limit_can_be_removed(
    world: World, chat: tuple[list[UUID], UUID]
) -> None:
    people, message = chat
    world.operator.execute(WRITE, (_many(people[1], 30), message))

    assert world.changed(people[1], WRITE, _many(people[1], 29), message) == 1
    with pytest.raises(psycopg.Error, match="at most 20"):
        world.rows(people[1], "select toggle_reaction(%s, '👍')", message)
    assert world.rows(people[2], "select toggle_reaction(%s, '👍')", message)
    assert world.changed(people[1], WRITE, Jsonb([]), message) == 1
    assert len(_reactions(world, message)) == 1


# Room for reactions of participants -------------------------------------------------------------------------

TOGGLE = "select toggle_reaction(%s, %s)"


def _filled(world: World, message: UUID, *groups: tuple[UUID, int]) -> list[dict[str, str]]:
    """Fill the message: each of these people has given this many reactions, in this order."""
    entries = [_entry(user, f"{number:04}") for user, size in groups for number in range(size)]
    world.operator.execute(WRITE, (Jsonb(entries), message))
    return entries


@pytest.mark.parametrize("deletion", ["left", "removed", "erased"])
@pytest.mark.parametrize("how", ["toggled", "written"])
def test_reactions_of_deleted_users_make_room(
    world: World, chat: tuple[list[UUID], UUID], deletion: str, how: str
) -> None:
    people, message = chat
    stay = [_entry(people[0], f"{number}") for number in range(10)]
    leave = "delete from conversation_participants where user_id = %s"
    full = _filled(world, message, (people[2], 990))
    world.operator.execute(WRITE, (Jsonb(full + stay), message))
    if deletion == "erased":
        world.operator.execute("delete from auth.users where id = %s", (people[2],))
    else:
        assert world.changed(people[0] if deletion == "removed" else people[2], leave, people[2]) == 1

    mine = [_entry(people[1], f"{number}") for number in range(20)]
    if how == "toggled":
        for entry in mine:
            world.rows(people[1], TOGGLE, message, entry["emoji"])
    else:
        world.rows(people[1], WRITE, Jsonb(full + stay + mine), message)

    assert _reactions(world, message) == full[20:] + stay + mine


def test_reactions_of_deleted_users_stay_while_there_is_room(
    world: World, chat: tuple[list[UUID], UUID]
) -> None:
    people, message = chat
    full = _filled(world, message, (people[2], 999))
    world.operator.execute("delete from auth.users where id = %s", (people[2],))

    world.rows(people[1], TOGGLE, message, "👍")

    assert _reactions(world, message) == [*full, _entry(people[1])]


def test_reactions_of_participants_do_not_make_room(world: World, chat: tuple[list[UUID], UUID]) -> None:
    people, message = chat
    full = _filled(world, message, (people[0], 500), (people[2], 500))

    with pytest.raises(psycopg.errors.CheckViolation):
        world.rows(people[1], TOGGLE, message, "👍")

    assert _reactions(world, message) == full


def test_a_full_array_of_forged_reactions_adds_none(world: World, chat: tuple[list[UUID], UUID]) -> None:
    people, message = chat
    full = _filled(world, message, (people[2], 1000))
    world.operator.execute("delete from auth.users where id = %s", (people[2],))
    forged = [_entry(people[0], f"{number}") for number in range(1020)]

    world.rows(people[1], WRITE, Jsonb(forged), message)
    assert _reactions(world, message) == full
    with pytest.raises(psycopg.errors.CheckViolation):
        world.rows(people[1], WRITE, Jsonb([*forged, _entry(people[1])]), message)
    assert _reactions(world, message) == full
