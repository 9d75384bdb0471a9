"""People report messages to the operators, and see nothing but their own reports."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from chatctl.db.connection import Connection
from tests.support.race import race, refusals
from tests.support.refused import error_code
from tests.support.world import World

FILE = "insert into message_reports (message_id, reporter_id, kind, comment) values (%s, %s, %s, %s)"
GIVEN = "insert into message_reports (message_id, reporter_id, kind"
REPORT = "select id, kind, comment, status from report_message(%s, %s, %s)"
LEAVE = "delete from conversation_participants where conversation_id = %s and user_id = %s"
KINDS = ["spam", "harassment", "hate", "violence", "sexual", "self_harm", "illegal", "other"]


@pytest.fixture
def people(world: World) -> list[UUID]:
    """Four members of an organization; the first three share a group."""
    return world.team(4)[1]


@pytest.fixture
def group(world: World, people: list[UUID]) -> UUID:
    organization = world.fact("select min(organization_id::text)::uuid from organization_members")
    return world.group(organization, *people[:3])


@pytest.fixture
def message(world: World, people: list[UUID], group: UUID) -> UUID:
    """What the first of them has written in the group."""
    return world.send(people[0], group, "something rude")


def _reports(world: World) -> Any:
    return world.fact("select count(*) from message_reports")


@pytest.mark.parametrize("kind", KINDS)
def test_a_participant_reports_a_message(
    world: World, people: list[UUID], group: UUID, message: UUID, kind: str
) -> None:
    _, ben, *_ = people

    report = world.rows(ben, REPORT, message, kind, "look at this")

    assert [row[1:] for row in report] == [(kind, "look at this", "open")]
    assert world.operator.execute(
        "select r.message_id, r.conversation_id, r.organization_id = m.organization_id, r.sender_id, "
        "r.reporter_id from message_reports r join messages m on m.id = r.message_id"
    ).fetchall() == [(message, group, True, people[0], ben)]


def test_a_report_can_be_filed_by_a_plain_insert(world: World, people: list[UUID], message: UUID) -> None:
    _, ben, *_ = people

    assert world.changed(ben, FILE, message, ben, "spam", None) == 1
    assert world.value(ben, "select status from message_reports") == "open"


def test_people_see_their_own_reports_only(
    world: World, people: list[UUID], group: UUID, message: UUID
) -> None:
    ann, ben, cem, dan = people
    world.rows(ben, REPORT, message, "spam", None)
    world.rows(cem, REPORT, message, "hate", None)

    assert [world.rows(who, "select kind from message_reports") for who in (ann, ben, cem, dan)] == [
        [], [("spam",)], [("hate",)], [],
    ]  # fmt: skip
    world.changed(ben, LEAVE, group, ben)
    assert world.rows(ben, "select kind from message_reports") == [("spam",)]


def test_the_second_report_of_a_message_is_the_first_one(
    world: World, people: list[UUID], message: UUID
) -> None:
    _, ben, *_ = people
    first = world.rows(ben, REPORT, message, "spam", "one")

    assert world.rows(ben, REPORT, message, "hate", "two") == first
    with pytest.raises(psycopg.errors.UniqueViolation) as refused:
        world.rows(ben, FILE, message, ben, "hate", "two")
    assert refused.value.diag.constraint_name == "message_reports_once"
    assert _reports(world) == 1


def test_of_many_reports_at_once_one_is_filed(world: World, people: list[UUID], message: UUID) -> None:
    _, ben, *_ = people

    def report(conn: Connection, number: int) -> Any:
        with world.acting(ben, conn=conn):
            row = conn.execute(REPORT.encode(), (message, "spam", f"{number}")).fetchone()
        assert row
        return row[0]

    outcomes = race(world.database, 8, report)

    assert refusals(outcomes) == []
    assert len(set(outcomes)) == _reports(world) == 1


def test_a_deleted_message_can_be_reported(world: World, people: list[UUID], message: UUID) -> None:
    """Who writes something rude and deletes it at once is not safe."""
    ann, ben, *_ = people
    world.changed(ann, "update messages set deleted_at = now() where id = %s", message)

    assert world.rows(ben, REPORT, message, "harassment", None)
    assert world.fact("select content from moderation.messages") is None
    assert world.fact("select deleted_content from moderation.messages") == "something rude"


def _left(world: World, group: UUID, who: UUID) -> None:
    world.changed(who, LEAVE, group, who)


def _removed(world: World, group: UUID, who: UUID) -> None:
    world.operator.execute("delete from organization_members where user_id = %s", (who,))


def _suspended(world: World, group: UUID, who: UUID) -> None:
    world.operator.execute("insert into private.suspensions (user_id, reason) values (%s, 'spam')", (who,))


@pytest.mark.parametrize("end", [_left, _removed, _suspended])
def test_who_has_no_access_cannot_report(
    world: World, people: list[UUID], group: UUID, message: UUID, end: Any
) -> None:
    _, ben, *_ = people
    end(world, group, ben)

    for statement, values in ((FILE, (message, ben, "spam", None)), (REPORT, (message, "spam", None))):
        with pytest.raises(psycopg.Error) as refused:
            world.rows(ben, statement, *values)
        assert refused.value.sqlstate in {"42501", "PT404"}
    assert _reports(world) == 0


def test_a_stranger_and_a_message_that_is_not_there_are_refused_alike(
    world: World, people: list[UUID], message: UUID
) -> None:
    *_, dan = people
    errors = []
    for wanted in (message, uuid4()):
        for statement, values in ((FILE, (wanted, dan, "spam", None)), (REPORT, (wanted, "spam", None))):
            with pytest.raises(psycopg.Error) as refused:
                world.rows(dan, statement, *values)
            errors.append((refused.value.sqlstate, refused.value.diag.message_primary))

    assert errors[:2] == errors[2:]
    assert [sqlstate for sqlstate, _ in errors[:2]] == ["42501", "PT404"]


@pytest.mark.parametrize("other", ["ann", "nobody"])
def test_nobody_reports_for_another(world: World, people: list[UUID], message: UUID, other: str) -> None:
    ann, ben, *_ = people

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        world.rows(ben, FILE, message, ann if other == "ann" else None, "spam", None)


@pytest.mark.parametrize(
    ("kind", "comment", "constraint"),
    [
        ("rude", None, "message_reports_kind"),
        ("", None, "message_reports_kind"),
        ("spam", "x" * 1001, "message_reports_comment"),
        ("spam", "😀" * 1001, "message_reports_comment"),
    ],
)
def test_a_report_is_checked(
    world: World, people: list[UUID], message: UUID, kind: str, comment: str | None, constraint: str
) -> None:
    with pytest.raises(psycopg.errors.CheckViolation) as refused:
        world.rows(people[1], REPORT, message, kind, comment)

    assert refused.value.diag.constraint_name == constraint
    assert error_code(refused.value) == "VALIDATION_ERROR"


def test_a_comment_of_a_thousand_characters_fits(world: World, people: list[UUID], message: UUID) -> None:
    assert world.rows(people[1], REPORT, message, "spam", "😀" * 1000)


@pytest.mark.parametrize(
    "statement",
    [
        f"{GIVEN}, status) values (%s, %s, 'spam', 'resolved')",
        f"{GIVEN}, sender_id) values (%s, %s, 'spam', null)",
        f"{GIVEN}, created_at) values (%s, %s, 'spam', now())",
        "update message_reports set status = 'resolved' where message_id = %s and reporter_id = %s",
        "update message_reports set comment = 'x' where message_id = %s and reporter_id = %s",
        "delete from message_reports where message_id = %s and reporter_id = %s",
        "select claimed_by from private.report_reviews where report_id in (%s, %s)",
    ],
)
def test_the_rest_of_a_report_is_the_operators(
    world: World, people: list[UUID], message: UUID, statement: str
) -> None:
    _, ben, *_ = people
    world.rows(ben, REPORT, message, "spam", None)

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        world.rows(ben, statement, message, ben)


def test_a_report_of_a_purged_message_keeps_its_ids(world: World, people: list[UUID], message: UUID) -> None:
    ann, ben, *_ = people
    world.rows(ben, REPORT, message, "spam", "rude")

    world.operator.execute("select moderation.purge_messages(array[%s], 'ops', 'retention')", (message,))

    assert world.operator.execute(
        "select message_id, sender_id, reporter_id, comment from message_reports"
    ).fetchall() == [(message, ann, ben, "rude")]


def test_an_erased_reporter_leaves_the_report_without_a_word_of_theirs(
    world: World, people: list[UUID], message: UUID
) -> None:
    ann, ben, *_ = people
    world.rows(ben, REPORT, message, "spam", "she is rude to me, Ben")

    world.operator.execute("delete from auth.users where id = %s", (ben,))

    assert world.operator.execute(
        "select message_id, sender_id, reporter_id, kind, comment from message_reports"
    ).fetchall() == [(message, ann, None, "spam", None)]


def test_an_erased_sender_leaves_the_report(world: World, people: list[UUID], message: UUID) -> None:
    ann, ben, *_ = people
    world.rows(ben, REPORT, message, "spam", "rude")

    world.operator.execute("delete from auth.users where id = %s", (ann,))

    assert world.operator.execute(
        "select sender_id, reporter_id, comment from message_reports"
    ).fetchall() == [(None, ben, "rude")]


def test_reports_go_with_their_conversation(
    world: World, people: list[UUID], group: UUID, message: UUID
) -> None:
    world.rows(people[1], REPORT, message, "spam", None)

    world.operator.execute("delete from conversations where id = %s", (group,))

    assert _reports(world) == 0


@pytest.mark.parametrize(
    "change", ["update message_reports set status = 'resolved'", "delete from message_reports"]
)
def test_service_role_changes_no_report_without_the_log(
    world: World, people: list[UUID], message: UUID, change: str
) -> None:
    world.value(people[1], REPORT, message, "spam", None)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        world.changed(None, change, role="service_role")


def test_service_role_files_a_report_for_somebody(world: World, people: list[UUID], message: UUID) -> None:
    assert world.changed(None, FILE, message, people[1], "spam", None, role="service_role") == 1
    with pytest.raises(psycopg.Error) as refused:
        world.rows(None, FILE, uuid4(), people[1], "spam", None, role="service_role")
    assert refused.value.sqlstate == "PT404"
