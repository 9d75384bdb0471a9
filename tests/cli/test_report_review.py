"""``chatctl report review`` at a terminal: one report after another, by single keys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.support.terminal import Terminal, terminal
from tests.support.world import World

PROMPT = "q quit"  # the end of the line of keys


@dataclass(frozen=True)
class Desk:
    """Ben has reported each of Ann's three messages; after that, Cem has reported the first one."""

    world: World
    ann: UUID
    ben: UUID
    messages: list[UUID]
    reports: list[UUID]
    cwd: Path

    def review(self, *arguments: str, actor: str = "olga") -> AbstractContextManager[Terminal]:
        return terminal(
            "report", "review", "--db-url", self.world.database.url, "--reason", "the queue",
            "--actor", actor, *arguments, cwd=self.cwd,
        )  # fmt: skip

    @property
    def actions(self) -> list[str]:
        rows = self.world.operator.execute(
            "select action from moderation.log where action <> 'read' order by id"
        )
        return [row[0] for row in rows]

    @property
    def states(self) -> list[tuple[Any, ...]]:
        """Status, holder and verdict of each report."""
        return [
            self.world.operator.execute(
                "select status, claimed_by, verdict from moderation.reports where id = %s", (report,)
            ).fetchone()
            or ()
            for report in self.reports
        ]

    def content(self, number: int) -> Any:
        return self.world.fact("select content from messages where id = %s", self.messages[number])


@pytest.fixture
def desk(world: World, tmp_path: Path) -> Iterator[Desk]:
    ann, ben, cem = world.user("ann-meyer"), world.user("ben"), world.user("cem")
    organization = world.organization(ann, ben, cem, slug="acme")
    conversation = world.group(organization, ann, ben, cem)
    messages = [world.send(ann, conversation, f"rude {number} \x1b[31m") for number in range(3)]
    reports = [
        world.value(who, "select id from report_message(%s, 'spam', 'look')", message)
        for who, message in ((ben, messages[0]), (ben, messages[1]), (ben, messages[2]), (cem, messages[0]))
    ]
    yield Desk(world, ann, ben, messages, reports, tmp_path)


def _shows(at: Terminal, report: UUID) -> str:
    """Wait until the report and the keys are on the screen."""
    at.wait_for(f"report {report}")
    return at.wait_for(PROMPT)


OPEN = ("open", None, None)


def test_a_walk_through_the_queue(desk: Desk) -> None:
    with desk.review() as at:
        shown = _shows(at, desk.reports[0])
        assert "rude 0 \\x1b[31m" in shown
        at.press("d")
        assert "[deleted]" in _shows(at, desk.reports[1])  # what was just deleted, near this one
        at.press("x")
        _shows(at, desk.reports[2])
        at.press("k")
        assert "[deleted]" in _shows(at, desk.reports[3])
        at.press("n")
        at.wait_for("the queue is empty")
        assert at.end() == 0
    assert desk.states == [
        ("resolved", "olga", "upheld"), ("resolved", "olga", "dismissed"), OPEN, ("claimed", "olga", None),
    ]  # fmt: skip
    assert "1 dismissed, 1 kept, 1 skipped, 1 upheld" in at.screen
    assert desk.content(0) is None
    assert desk.actions == [
        "report.claim", "message.delete", "report.resolve", "report.claim", "report.resolve",
        "report.claim", "report.release", "report.claim",
    ]  # fmt: skip


def test_what_is_on_the_screen_is_claimed_and_released_at_the_end(desk: Desk) -> None:
    for leave in ("q", "\x04", "\x03"):
        with desk.review() as at:
            _shows(at, desk.reports[0])
            assert desk.states[0] == ("claimed", "olga", None)
            at.press(leave)
            assert at.end() == (130 if leave == "\x03" else 0)
        assert desk.states == [OPEN] * 4


def test_a_closed_terminal_releases_what_was_on_the_screen(desk: Desk) -> None:
    with desk.review() as at:
        _shows(at, desk.reports[0])
        assert desk.states[0] == ("claimed", "olga", None)
        assert at.hang_up() == 130
    assert desk.states == [OPEN] * 4


def test_two_operators_see_different_reports(desk: Desk) -> None:
    with desk.review() as at, desk.review(actor="omar") as other:
        _shows(at, desk.reports[0])
        _shows(other, desk.reports[1])
        at.press("x")
        _shows(at, desk.reports[2])
        other.press("x")
        _shows(other, desk.reports[3])
    assert [state[0] for state in desk.states[:2]] == ["resolved", "resolved"]


@pytest.mark.parametrize("key", ["d", "x"])
def test_the_last_decision_is_undone_and_its_report_shown_again(desk: Desk, key: str) -> None:
    with desk.review() as at:
        _shows(at, desk.reports[0])
        at.press(key)
        _shows(at, desk.reports[1])
        at.press("u")
        assert "rude 0" in _shows(at, desk.reports[0])
        assert desk.states[:2] == [("claimed", "olga", None)] * 2
        assert desk.content(0) == "rude 0 \x1b[31m"
        at.press("u")
        at.wait_for("undo: nothing was decided yet")
        at.wait_for(PROMPT)
        at.press("x")
        _shows(at, desk.reports[1])
        at.press("q")
        assert at.end() == 0
    assert desk.states == [("resolved", "olga", "dismissed"), OPEN, OPEN, OPEN]


def test_a_redaction_needs_the_name_of_the_organization(desk: Desk) -> None:
    with desk.review() as at:
        _shows(at, desk.reports[0])
        at.press("r")
        at.wait_for("Type acme to continue:")
        at.press("acne\n")
        at.wait_for("must be confirmed with 'acme'")
        at.wait_for(PROMPT)
        at.press("r")
        at.wait_for("Type acme to continue:")
        at.press("acme\n")
        _shows(at, desk.reports[1])
        at.press("u")
        at.wait_for("cannot be undone")
        at.press("q")
        at.end()
    assert desk.content(0) is None
    assert desk.states[0] == ("resolved", "olga", "upheld")
    assert desk.actions[1:3] == ["message.redact", "report.resolve"]


def test_a_held_message_is_said_and_its_report_stays(desk: Desk) -> None:
    desk.world.operator.execute("select moderation.create_hold('h', 'x', 'x', p_user_id => %s)", (desk.ann,))
    with desk.review() as at:
        _shows(at, desk.reports[0])
        at.press("r")
        at.wait_for("Type acme to continue:")
        at.press("acme\n")
        at.wait_for("is held")
        at.wait_for(PROMPT)
        at.press("d")
        _shows(at, desk.reports[1])
    assert desk.states[0] == ("resolved", "olga", "upheld")


def test_unknown_keys_explain_the_keys_and_change_nothing(desk: Desk) -> None:
    with desk.review() as at:
        _shows(at, desk.reports[0])
        for keys in ("?", "z", "D", "\x1b[A", "dd", "\r"):
            at.press(keys)
            at.wait_for("dismiss it")
            at.wait_for(PROMPT)
        at.press("q")
        assert at.end() == 0
    assert desk.states == [OPEN] * 4
    assert desk.actions == ["report.claim", "report.release"]


def test_a_report_that_somebody_else_decides_is_left(desk: Desk) -> None:
    with desk.review() as at:
        _shows(at, desk.reports[0])
        desk.world.operator.execute(
            "select moderation.release_reports(array[%s], 'omar', 'x', p_holder => 'olga')",
            (desk.reports[0],),
        )
        desk.world.operator.execute(
            "select moderation.resolve_reports(array[%s, %s], 'dismissed', 'omar', 'x')",
            (desk.reports[0], desk.reports[1]),
        )
        at.press("d")
        at.wait_for("is resolved already")
        at.wait_for(PROMPT)
        at.press("n")
        _shows(at, desk.reports[2])
    assert desk.content(0) is not None


def test_a_report_that_comes_meanwhile_is_shown(desk: Desk) -> None:
    desk.world.operator.execute("delete from message_reports where id = any (%s)", (desk.reports[1:],))
    with desk.review() as at:
        _shows(at, desk.reports[0])
        new = desk.world.value(desk.ben, "select id from report_message(%s, 'hate')", desk.messages[1])
        at.press("x")
        _shows(at, new)


def test_the_reading_is_logged_once_and_an_empty_queue_is_said(desk: Desk) -> None:
    with desk.review("--org", "acme") as at:
        _shows(at, desk.reports[0])
        at.press("q")
        at.end()
    read = desk.world.operator.execute(
        "select targets, details -> 'arguments' from moderation.log where action = 'read'"
    ).fetchall()
    assert read == [(["reports:queue"], {"organization": "acme"})]
    desk.world.organization(slug="empty")
    with desk.review("--org", "empty") as at:
        at.wait_for("the queue is empty")
        assert at.end() == 0


def test_the_sender_is_suspended_with_the_verdict_and_as_before_after_undo(desk: Desk) -> None:
    with desk.review() as at:
        assert "s suspend" in _shows(at, desk.reports[0])
        at.press("s")
        assert "suspended until it is lifted" in _shows(at, desk.reports[1])
        at.press("u")
        assert "suspended" not in _shows(at, desk.reports[0])
        at.press("q")
        at.end()
    assert desk.states == [OPEN] * 4
    assert desk.world.fact("select count(*) from private.suspensions") == 0
