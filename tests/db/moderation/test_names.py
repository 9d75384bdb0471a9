"""Finding users, organizations and conversations by what an operator types."""

from __future__ import annotations

import re
from uuid import UUID, uuid4

import pytest

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.errors import Invalid, NotFound
from chatctl.services.moderation import names
from tests.support.world import World

HOSTILE = "Ann <ann@acme.test>  {id}\nAnn\r\u2028\x1b[2J"


def forged(world: World, name: str) -> UUID:
    """A user whose name looks like a line about another one."""
    user = world.user("ann")
    world.operator.execute("update user_profiles set full_name = %s where id = %s", (name, user))
    return user


def test_a_name_cannot_forge_a_candidate(world: World) -> None:
    victim = world.user("ann")
    attacker = forged(world, HOSTILE.format(id=victim))
    with pytest.raises(Invalid) as error:
        names.user(world.operator, "ann")
    lines = (error.value.hint or "").splitlines()
    assert {UUID(line[:36]) for line in lines} == {victim, attacker}
    assert len(lines) == 2


def test_a_name_is_one_line_without_control_characters(world: World) -> None:
    ann = forged(world, HOSTILE)
    assert names.user(world.operator, str(ann)).name.isprintable()
    organization, people = world.team(3)
    group = world.group(organization, *people)
    world.operator.execute("update conversations set name = %s where id = %s", ("a\nb\x1b", group))
    assert names.conversation(world.operator, str(group)).name == "a\\nb\\x1b"


def test_things_are_found_by_id_in_upper_and_lower_case(world: World) -> None:
    organization, (ann, ben) = world.team(2)
    group = world.direct(organization, ann, ben)
    for find, thing in (
        (names.user, ann), (names.organization, organization), (names.conversation, group),
    ):  # fmt: skip
        assert find(world.operator, str(thing)).id == thing
        assert find(world.operator, str(thing).upper()).id == thing
        with pytest.raises(NotFound):
            find(world.operator, str(uuid4()))


def test_a_slug_and_the_name_of_a_group_may_look_like_an_id(world: World) -> None:
    slug, name = str(uuid4()), str(uuid4())
    people = [world.user() for _ in range(3)]
    organization = world.organization(*people, slug=slug)
    group = world.group(organization, *people)
    world.operator.execute("update conversations set name = %s where id = %s", (name, group))
    acme = names.organization(world.operator, slug)
    assert acme.id == organization
    assert names.conversation(world.operator, name, organization=acme).id == group


@pytest.mark.parametrize("text", ["", "ann", "0" * 32, "{" + "0" * 36, "urn:uuid:" + str(UUID(int=0))])
def test_other_text_is_not_an_id(text: str) -> None:
    assert names.as_id(text) is None


@pytest.mark.parametrize(
    "name", ["find_users", "find_organizations", "find_conversations", "as/conversations_named"]
)
def test_an_id_is_found_by_an_index(world: World, name: str) -> None:
    plan = plan_of(world.operator, name, uuid4())
    assert re.search(r"Index Cond: \(id = '", plan), plan
    assert "starts_with" not in plan


def plan_of(conn: Connection, name: str, thing: UUID) -> str:
    """The plan of a query with an id, if small tables were read like large ones."""
    parameters = {"text": str(thing), "id": thing, "count": 6, "organization_id": None}
    explain = "explain " + query(f"moderation/{name}")
    with conn.transaction():
        conn.execute("set local enable_seqscan = off")
        return "\n".join(row[0] for row in conn.execute(explain.encode(), parameters))
