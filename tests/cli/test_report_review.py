"""``chatctl report review`` at a terminal: one report after another, by single keys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width
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
    with desk.review() as at:
        _shows(at, desk.reports[0])
        with desk.review(actor="omar") as other:
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


# What users wrote stays in its rows -----------------------------------------------------------------------


def _rows(screen: str, columns: int) -> list[str]:
    """The rows of a screen, which wraps long lines."""
    rows = []
    for text in screen.split("\n"):
        row, used = "", 0
        for character in text:
            width = 0 if character == "\u200d" else 1 + (east_asian_width(character) in "WF")
            if used + width > columns:
                rows.append(row)
                row, used = "", 0
            row, used = row + character, used + width
        rows.append(row)
    return rows


FIRST_ROWS = ("  conversation  Ann", "  2", "> 2", "sender: Ann", "reporter: Ann")  # of lines with names


def _hostile(columns: int) -> str:
    """A text that forges rows at each column at which a terminal might wrap."""
    padded = ("x" + blank * number for blank in (" ", "\u3000") for number in range(columns - 6, columns))
    return "\n".join([
        "漢" * columns + "forged",
        "\u200d".join("x" * columns + "forged"),
        *(f"{text}forged: d dismiss  x delete" for text in padded),
    ])  # fmt: skip


@pytest.mark.parametrize("columns", [60, 100])
@pytest.mark.parametrize("command", ["show", "review"])
def test_no_text_of_a_user_begins_a_row(desk: Desk, columns: int, command: str) -> None:
    world, hostile = desk.world, _hostile(columns)
    name = "Ann" + " " * (columns - 9) + "forged: d dismiss  x delete" + "漢" * 30
    world.operator.execute("update messages set content = %s where id = %s", (hostile, desk.messages[0]))
    world.operator.execute("update message_reports set comment = %s", (hostile[:500],))
    world.operator.execute("update user_profiles set full_name = %s", (name,))
    world.operator.execute("update conversations set name = %s", (name,))
    arguments = ["show", str(desk.reports[0])] if command == "show" else ["review"]
    with terminal(
        "report", *arguments, "--db-url", world.database.url, "--reason", "x", "--actor", "olga",
        cwd=desk.cwd, columns=columns,
    ) as at:  # fmt: skip
        if command == "review":
            _shows(at, desk.reports[0])
            at.press("q")
        assert at.end() == 0
    text = at.screen.partition(f"report {desk.reports[0]}")[2].partition("d delete  r redact")[0]
    rows = _rows(text, columns)
    assert rows == text.split("\n")  # so the terminal has wrapped none
    written = [row for row in rows if "forged" in row or "漢" in row]
    assert len(written) > 10
    assert [row for row in written if not row.startswith(("  | ", *FIRST_ROWS))] == []


def test_a_review_folds_long_texts_and_show_does_not(desk: Desk) -> None:
    desk.world.operator.execute("update messages set content = repeat('y', 4000)")
    desk.world.operator.execute("update message_reports set comment = repeat('z' || chr(10), 200)")
    with desk.review() as at:
        shown = _shows(at, desk.reports[0])
        at.press("q")
        at.end()
    more = f"  | … {4000 - 12 * 96:,} more characters; report show prints all"
    assert shown.count("  | " + "y" * 96 + "\n") == 3 * 12
    assert shown.count(more) == 3
    assert shown.count("  | z\n") == 12
    with terminal(
        "report", "show", str(desk.reports[0]), "--db-url", desk.world.database.url, "--reason", "x",
        "--actor", "olga", cwd=desk.cwd,
    ) as at:  # fmt: skip
        assert at.end() == 0
    assert at.screen.count("y") > 3 * 4000
    assert at.screen.count("  | z\n") == 200
    assert "more characters" not in at.screen


# The summary ----------------------------------------------------------------------------------------------


def test_an_undone_verdict_does_not_count(desk: Desk) -> None:
    with desk.review() as at:
        for key, report in ("d", 0), ("u", 1), ("x", 0), ("q", 1):
            _shows(at, desk.reports[report])
            at.press(key)
        assert at.end() == 0
    assert "\n1 dismissed, 1 undone\n" in at.screen


def test_an_interrupted_review_says_what_was_decided(desk: Desk) -> None:
    with desk.review() as at:
        _shows(at, desk.reports[0])
        at.press("x")
        _shows(at, desk.reports[1])
        at.press("\x03")
        assert at.end() == 130
    assert "\n1 dismissed\n" in at.screen
    assert at.screen.index("\n1 dismissed\n") < at.screen.index("interrupted")
