"""Operators claim, release and resolve reports, and each of these writes the log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from chatctl.db.connection import Connection
from tests.support.dumps import dump
from tests.support.race import race_operators
from tests.support.world import World


@dataclass
class Case:
    """Ben and Cem have reported Ann's message."""

    world: World
    ann: UUID
    ben: UUID
    cem: UUID
    message: UUID
    by_ben: UUID
    by_cem: UUID

    def act(
        self, verb: str, *ids: UUID, actor: str = "olga", reason: str = "the queue", **more: Any
    ) -> list[tuple[str, str | None]]:
        """Status and problem of each report."""
        return _act(self.world.operator, verb, *ids, actor=actor, reason=reason, **more)

    def undo(self, action: int, actor: str = "olga") -> list[tuple[str, str, str | None]]:
        return self.world.operator.execute(
            "select action, status, problem from moderation.undo(%s, %s, 'a mistake')", (action, actor)
        ).fetchall()

    def status(self, report: UUID) -> Any:
        """As its reporter sees it."""
        reporter = self.ben if report == self.by_ben else self.cem
        return self.world.value(reporter, "select status from message_reports")

    @property
    def content(self) -> Any:
        return self.world.value(self.ben, "select content from messages where id = %s", self.message)


def _act(
    conn: Connection, verb: str, *ids: UUID, actor: str, reason: str = "the queue", **more: Any
) -> list[tuple[str, str | None]]:
    given = {"p_ids": list(ids), "p_actor": actor, "p_reason": reason, **more}
    arguments = ", ".join(f"{name} => %({name})s" for name in given)
    cursor = conn.execute(
        f"select status, problem from moderation.{verb}_reports({arguments})".encode(), given
    )
    return [(status, problem) for status, problem in cursor]


def actions(world: World) -> list[str]:
    return [row[0] for row in world.operator.execute("select action from moderation.log order by id")]


DONE = [("done", None)]
NOOP = [("noop", None)]


@pytest.fixture
def case(world: World) -> Case:
    organization, (ann, ben, cem) = world.team(3)
    message = world.send(ann, world.group(organization, ann, ben, cem), "something rude")
    reports = [
        world.value(who, "select id from report_message(%s, 'harassment', 'rude')", message)
        for who in (ben, cem)
    ]
    return Case(world, ann, ben, cem, message, *reports)


def test_a_claimed_report_is_held_by_one_operator(case: Case) -> None:
    assert case.act("claim", case.by_ben) == DONE
    assert case.status(case.by_ben) == "claimed"
    assert case.act("claim", case.by_ben, actor="omar") == [("failed", "CLAIMED")]
    for verdict in ("upheld", "dismissed"):
        assert case.act("resolve", case.by_ben, actor="omar", p_verdict=verdict) == [("failed", "CLAIMED")]
    assert case.act("release", case.by_ben, actor="omar") == [("failed", "CLAIMED")]
    assert case.act("claim", case.by_cem, actor="omar") == DONE  # another person's report
    assert actions(case.world) == ["report.claim", "report.claim"]


def test_a_released_report_is_open_for_everybody(case: Case) -> None:
    before = dump(case.world)
    case.act("claim", case.by_ben)

    assert case.act("release", case.by_ben) == DONE
    assert dump(case.world) == before
    assert case.act("claim", case.by_ben, actor="omar") == DONE


def test_a_colleagues_report_is_released_by_naming_them(case: Case) -> None:
    case.act("claim", case.by_ben, actor="omar")

    assert case.act("release", case.by_ben, p_holder="otto") == [("failed", "CLAIMED")]
    assert case.act("release", case.by_ben, p_holder="omar") == DONE
    assert case.status(case.by_ben) == "open"


@pytest.mark.parametrize("claimed", [True, False])
@pytest.mark.parametrize("verdict", ["upheld", "dismissed", "duplicate"])
def test_a_resolved_report_stays_resolved(case: Case, verdict: str, claimed: bool) -> None:
    if claimed:
        case.act("claim", case.by_ben)

    assert case.act("resolve", case.by_ben, p_verdict=verdict) == DONE
    assert case.status(case.by_ben) == "resolved"
    assert case.status(case.by_cem) == "open"
    assert case.content == "something rude"
    assert case.world.operator.execute(
        "select claimed_by, verdict, resolved_by from moderation.reports where id = %s", (case.by_ben,)
    ).fetchone() == ("olga" if claimed else None, verdict, "olga")
    for actor in ("olga", "omar"):
        assert case.act("claim", case.by_ben, actor=actor) == [("failed", "RESOLVED")]
        assert case.act("release", case.by_ben, actor=actor) == [("failed", "RESOLVED")]
    assert case.act("resolve", case.by_ben, actor="omar", p_verdict=verdict) == [("failed", "RESOLVED")]


def test_a_repeated_act_changes_nothing_and_logs_nothing(case: Case) -> None:
    for verb, more in (
        ("claim", {}),
        ("release", {}),
        ("resolve", {"p_verdict": "upheld", "p_do": "delete"}),
    ):
        assert case.act(verb, case.by_ben, **more) == DONE
        before, logged = dump(case.world), actions(case.world)
        assert case.act(verb, case.by_ben, **more) == NOOP
        assert (dump(case.world), actions(case.world)) == (before, logged)
    assert case.act("resolve", case.by_ben, p_verdict="dismissed") == [("failed", "RESOLVED")]


@pytest.mark.parametrize("do", ["delete", "redact"])
def test_the_verdict_acts_upon_the_message_in_one_transaction(case: Case, do: str) -> None:
    with case.world.operator.transaction(force_rollback=True):
        assert case.act("resolve", case.by_ben, p_verdict="upheld", p_do=do) == DONE
        assert case.world.fact("select count(*) from messages where content is null") == 1
    assert (case.content, case.status(case.by_ben)) == ("something rude", "open")

    assert case.act("resolve", case.by_ben, case.by_cem, p_verdict="upheld", p_do=do) == DONE * 2

    assert case.content is None
    assert actions(case.world) == [f"message.{do}", "report.resolve"]
    details = case.world.fact("select details from moderation.log where id = 2")
    assert (details["do"], details["message_action"]) == (do, 1)
    assert case.world.operator.execute(
        "select distinct message_state from moderation.reports"
    ).fetchall() == [({"delete": "deleted", "redact": "redacted"}[do],)]


def test_a_message_that_cannot_be_acted_upon_leaves_its_report_open(case: Case) -> None:
    world = case.world
    world.operator.execute(
        "select moderation.create_hold('legal', 'ops', 'a lawsuit', p_user_id => %s)", (case.ann,)
    )

    assert case.act("resolve", case.by_ben, p_verdict="upheld", p_do="redact") == [("failed", "HELD")]
    assert case.status(case.by_ben) == "open"
    assert case.act("resolve", case.by_ben, p_verdict="upheld", p_do="delete") == DONE
    world.operator.execute("select moderation.release_hold('legal', 'ops', 'settled')")
    world.operator.execute("select moderation.purge_messages(array[%s], 'ops', 'retention')", (case.message,))
    assert case.act("resolve", case.by_cem, p_verdict="upheld", p_do="delete") == [("failed", "PURGED")]
    assert case.act("resolve", case.by_cem, p_verdict="upheld") == DONE


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"p_verdict": "guilty"}, "the queue"),
        ({"p_verdict": None}, "the queue"),
        ({"p_verdict": "upheld", "p_do": "purge"}, "the queue"),
        ({"p_verdict": "dismissed", "p_do": "delete"}, "the queue"),
        ({"p_verdict": "upheld"}, " "),
        ({"p_verdict": "upheld"}, "PERSON0 again"),  # the sender
        ({"p_verdict": "upheld", "p_do": "delete"}, "person1 is right"),  # the reporter
    ],
)
def test_an_invalid_act_is_refused_whole(case: Case, more: dict[str, Any], reason: str) -> None:
    before = dump(case.world)

    with pytest.raises(psycopg.Error) as refused:
        case.act("resolve", case.by_ben, reason=reason, **more)

    assert refused.value.sqlstate == "PT400"
    assert (dump(case.world), actions(case.world)) == (before, [])


def test_an_unknown_report_is_a_failure_of_its_own(case: Case) -> None:
    for verb, more in (
        ("claim", {}),
        ("release", {}),
        ("resolve", {"p_verdict": "upheld", "p_do": "delete"}),
    ):
        if verb == "release":
            assert case.act(verb, uuid4(), case.by_ben) == [("failed", "NOT_FOUND"), *DONE]
        else:
            assert case.act(verb, uuid4(), case.by_ben, case.by_ben, **more) == [
                ("failed", "NOT_FOUND"),
                *DONE,
            ]


# Of two at once, one wins ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verb", "more", "problem"),
    [
        ("claim", {}, "CLAIMED"),
        ("resolve", {"p_verdict": "dismissed"}, "RESOLVED"),
        ("resolve", {"p_verdict": "upheld", "p_do": "delete"}, "RESOLVED"),
    ],
)
def test_of_many_operators_at_once_one_wins(
    case: Case, verb: str, more: dict[str, Any], problem: str
) -> None:
    outcomes = race_operators(
        case.world.database,
        8,
        lambda conn, number: _act(conn, verb, case.by_ben, actor=f"operator {number}", **more),
    )

    assert sorted(outcomes, key=str) == [DONE, *[[("failed", problem)]] * 7]
    assert actions(case.world).count(f"report.{verb}") == 1


def test_a_claim_and_a_verdict_at_once_are_by_one_operator(case: Case) -> None:
    def act(conn: Connection, number: int) -> Any:
        if number:
            return _act(conn, "claim", case.by_ben, actor="olga")
        return _act(conn, "resolve", case.by_ben, actor="omar", p_verdict="dismissed")

    outcomes = race_operators(case.world.database, 2, act)

    assert sorted(outcome[0][0] for outcome in outcomes) == ["done", "failed"]


# Every act and its inverse ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "verb", "more", "inverse"),
    [
        ([], "claim", {}, "report.release"),
        (["claim"], "release", {}, "report.claim"),
        ([], "resolve", {"p_verdict": "dismissed"}, "report.reopen"),
        (["claim"], "resolve", {"p_verdict": "duplicate"}, "report.reopen"),
        (["claim"], "resolve", {"p_verdict": "upheld", "p_do": "delete"}, "report.reopen"),
        ([], "resolve", {"p_verdict": "upheld", "p_do": "suspend"}, "report.reopen"),
    ],
)
def test_an_act_and_its_inverse_leave_everything_as_it_was(
    case: Case, first: list[str], verb: str, more: dict[str, Any], inverse: str
) -> None:
    for earlier in first:
        case.act(earlier, case.by_ben, case.by_cem)
    before = dump(case.world)
    assert case.act(verb, case.by_ben, case.by_cem, **more) == DONE * 2
    action = case.world.fact("select max(id) from moderation.log")

    case.world.operator.execute("set timezone = 'Asia/Kolkata'")
    assert case.undo(action, actor="omar") == [(inverse, "done", None)] * 2
    case.world.operator.execute("reset timezone")
    assert dump(case.world) == before
    logged = actions(case.world)
    assert case.undo(action) == [(inverse, "noop", None)] * 2
    assert (dump(case.world), actions(case.world)) == (before, logged)


def test_a_verdict_is_not_undone_if_its_suspension_was_changed_since(case: Case) -> None:
    assert case.act("resolve", case.by_ben, p_verdict="upheld", p_do="suspend") == DONE
    until = "select moderation.suspend_user(%s, 'omar', 'insults', p_until => now() + interval '1 hour')"
    case.world.operator.execute(until, (case.ann,))
    before = dump(case.world, without=())
    assert case.undo(2) == [("report.reopen", "skipped", "CHANGED")]
    assert dump(case.world, without=()) == before


def test_a_suspension_that_was_there_before_the_verdict_stays_after_its_undo(case: Case) -> None:
    case.world.operator.execute("select moderation.suspend_user(%s, 'omar', 'insults')", (case.ann,))
    assert case.act("resolve", case.by_ben, p_verdict="upheld", p_do="suspend") == DONE
    assert case.undo(2) == [("report.reopen", "done", None)]
    assert case.world.fact("select count(*) from private.suspensions") == 1
    assert actions(case.world) == ["user.suspend", "report.resolve", "report.reopen"]


def test_a_verdict_on_a_message_of_an_erased_sender_suspends_nobody(case: Case) -> None:
    case.world.operator.execute("delete from auth.users where id = %s", (case.ann,))
    assert case.act("resolve", case.by_ben, p_verdict="upheld", p_do="suspend") == [("failed", "ERASED")]
    assert case.status(case.by_ben) == "open"
    assert actions(case.world) == []


def test_a_redaction_is_not_undone_with_its_verdict(case: Case) -> None:
    case.act("resolve", case.by_ben, p_verdict="upheld", p_do="redact")
    before = dump(case.world)

    with pytest.raises(psycopg.Error, match="cannot be undone") as refused:
        case.undo(2)

    assert refused.value.sqlstate == "PT400"
    assert dump(case.world) == before


def test_a_verdict_without_a_change_of_the_message_does_not_restore_it(case: Case) -> None:
    case.world.changed(case.ann, "update messages set deleted_at = now() where id = %s", case.message)
    case.act("resolve", case.by_ben, p_verdict="upheld", p_do="delete")

    assert case.undo(1) == [("report.reopen", "done", None)]
    assert case.content is None


def test_a_message_stays_deleted_while_another_report_of_it_is_upheld(case: Case) -> None:
    for report in (case.by_ben, case.by_cem):
        assert case.act("resolve", report, p_verdict="upheld", p_do="delete") == DONE
    first = case.world.fact("select min(id) from moderation.log where action = 'report.resolve'")

    assert case.undo(first) == [("report.reopen", "done", None)]

    assert case.content is None
    assert [case.status(report) for report in (case.by_ben, case.by_cem)] == ["open", "resolved"]


def test_undoing_a_verdict_does_not_restore_what_the_sender_deleted_later(case: Case) -> None:
    case.act("resolve", case.by_ben, p_verdict="upheld", p_do="delete")
    case.world.operator.execute(
        "select moderation.restore_messages(array[%s], 'ops', 'a mistake')", (case.message,)
    )
    case.world.changed(case.ann, "update messages set deleted_at = now() where id = %s", case.message)

    assert case.undo(2) == [("report.reopen", "skipped", "CHANGED")]

    assert case.content is None
    assert case.status(case.by_ben) == "resolved"


def test_what_was_changed_since_is_not_undone(case: Case) -> None:
    case.act("claim", case.by_ben)
    case.act("release", case.by_ben)
    case.act("claim", case.by_ben, actor="omar")
    assert case.undo(1) == [("report.release", "skipped", "CHANGED")]

    case.act("resolve", case.by_cem, p_verdict="upheld", p_do="delete")
    case.world.operator.execute(
        "select moderation.redact_messages(array[%s], 'ops', 'a key')", (case.message,)
    )
    resolved = case.world.fact("select id from moderation.log where action = 'report.resolve'")
    assert case.undo(resolved) == [("report.reopen", "failed", "REDACTED")]
    assert case.status(case.by_cem) == "resolved"


@pytest.mark.parametrize("role", ["anon", "authenticated", "service_role"])
def test_no_role_of_the_api_decides(case: Case, role: str) -> None:
    for statement in (
        "select * from moderation.reports",
        "select moderation.claim_reports('{}', 'olga', 'x')",
        "select moderation.resolve_reports('{}', 'upheld', 'olga', 'x')",
        "select private.change_reports('x', '[]', 'olga', 'x', null)",
        "select * from private.report_reviews",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            case.world.rows(case.ben, statement, role=role)
