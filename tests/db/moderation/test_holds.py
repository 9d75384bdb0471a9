"""An operator creates and releases holds."""

from __future__ import annotations

from uuid import UUID, uuid4

import psycopg
import pytest

from tests.support.dumps import dump
from tests.support.race import race_operators
from tests.support.world import World

SUBJECTS = ["organization", "conversation", "user"]
CREATE = "select moderation.create_hold(%s, 'op', 'a lawsuit', %s, %s, %s, %s)"


@pytest.fixture
def subjects(world: World) -> dict[str, UUID]:
    """What there may be a hold on."""
    organization, (ann, ben) = world.team(2)
    return {
        "organization": organization,
        "conversation": world.direct(organization, ann, ben),
        "user": ann,
    }


def create(world: World, name: str | None, subject: dict[str, UUID], ticket: str | None = None) -> None:
    values = [subject.get(kind) for kind in SUBJECTS]
    world.operator.execute(CREATE.encode(), (name, ticket, *values))


@pytest.mark.parametrize("kind", SUBJECTS)
def test_creating_and_releasing_a_hold_log_what_it_is_about(
    world: World, subjects: dict[str, UUID], kind: str
) -> None:
    create(world, "legal-7", {kind: subjects[kind]})
    world.operator.execute("select moderation.release_hold('legal-7', 'op', 'it is over')")
    entries = world.operator.execute(
        "select action, organization_id, targets, user_id from moderation.log order by id"
    ).fetchall()
    (created, *about), (released, *also_about) = entries
    assert (created, released) == ("hold.create", "hold.release")
    assert about == also_about
    organization, targets, user = about
    assert organization == (None if kind == "user" else subjects["organization"])
    assert targets[0] == "hold:legal-7"
    if kind == "user":
        assert user == subjects["user"]
    else:
        assert targets[1] == f"{kind}:{subjects[kind]}"


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        (None, "has a name of 1 to 200"),
        (" ", "has a name of 1 to 200"),
        ("x" * 201, "has a name of 1 to 200"),
        ("person0", "name of a hold must not contain"),
    ],
)
def test_a_bad_name_is_refused(
    world: World, subjects: dict[str, UUID], name: str | None, problem: str
) -> None:
    before = dump(world)
    with pytest.raises(psycopg.Error, match=problem) as refused:
        create(world, name, {"user": subjects["user"]})
    assert refused.value.sqlstate == "PT400"
    assert dump(world) == before


def test_the_name_and_the_ticket_have_each_their_own_length(world: World, subjects: dict[str, UUID]) -> None:
    create(world, "x" * 200, {"user": subjects["user"]}, "T" * 200)
    assert world.fact("select count(*) from moderation.holds") == 1


@pytest.mark.parametrize("kind", SUBJECTS)
def test_a_hold_on_nothing_is_refused(world: World, kind: str) -> None:
    with pytest.raises(psycopg.Error, match=f"There is no such {kind}") as refused:
        create(world, "legal-7", {kind: uuid4()})
    assert refused.value.sqlstate == "PT404"


def test_of_two_holds_of_one_name_one_is_created(world: World, subjects: dict[str, UUID]) -> None:
    values = ("legal-7", None, subjects["organization"], None, None)
    outcomes = race_operators(
        world.database, 4, lambda conn, _: conn.execute(CREATE.encode(), values).rowcount
    )
    assert outcomes.count(1) == 1
    assert [error.sqlstate for error in outcomes if error != 1] == ["PT409"] * 3
    assert world.fact("select count(*) from moderation.holds") == 1
