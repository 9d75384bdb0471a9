"""Markdown for a pull request or GitHub's step summary: verdict, findings and matrix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chatctl.formats.counting import counted
from chatctl.formats.markdown import fenced, html, inline, page, table
from chatctl.services.audit.formats.groups import (
    FindingGroup,
    groups,
    located,
    people,
    scope,
    verdict,
)
from chatctl.services.audit.report import AuditReport
from chatctl.services.audit.verdicts.cells import Cell, State

# A comment on GitHub is limited to 65,536 characters: the worst findings come with SQL, the rest in a line.
WITH_SQL = 20
LONGEST = 60_000

_MARKS = {
    State.finding: "❌", State.invalid: "❔", State.vacuous: "◌",
    State.accepted: "☑", State.allowed: "●", State.denied: "·",
}  # fmt: skip


def render(report: AuditReport) -> str:
    return text(report, LONGEST)


def text(report: AuditReport, most: int) -> str:
    """The page in at most ``most`` bytes; a longer one is cut at the end, with a note."""
    parts = [*_head(report), *_findings(report), *_accepted(report), *_matrix(report.cells)]
    return page(
        parts, most=most, more="_The rest does not fit here; the HTML and JSON reports are complete._"
    )


def _head(report: AuditReport) -> Iterator[str]:
    mark = "❌" if report.findings else "✅" if report.conclusive else "❔"
    yield f"## {mark} Access audit: {verdict(report).lower()}"
    yield f"{scope(report)}; everything is rolled back."
    if report.notes:
        yield "\n".join(f"- {inline(each)}" for each in report.notes)


def _findings(report: AuditReport) -> Iterator[str]:
    shown = groups(report.problems)
    for group in shown[:WITH_SQL]:
        yield _group(group)
    if shown[WITH_SQL:]:
        yield "\n".join(f"- {inline(each.title)}: {inline(each.first.message)}" for each in shown[WITH_SQL:])


def _group(group: FindingGroup) -> str:
    first = group.first
    summary = f"<b>{html(first.rule)}</b> {html(first.object)}: {html(first.action)}"
    lines = [f"<details><summary>{summary}</summary>", "", inline(first.message)]
    if len(group.actions) > 1:
        lines += ["", f"Also: {inline(', '.join(group.actions[1:]))}"]
    if group.probes > 1:
        lines += ["", f"{counted(group.probes, 'probe')}, as {inline(people(group))}"]
    place = f" ({inline(located(first.place))})" if first.place else ""
    lines += ["", f"{group.meaning.help}{place}", "", fenced(first.sql, "sql"), "", "</details>"]
    return "\n".join(lines)


def _accepted(report: AuditReport) -> Iterator[str]:
    if report.accepted:
        yield table(
            ["Accepted", "Reason", "Owner", "Until"],
            [[each.finding.id, each.reason, each.owner, each.expires] for each in report.accepted],
        )


def _matrix(cells: Sequence[Cell]) -> Iterator[str]:
    if not cells:
        return
    identities = list(dict.fromkeys(cell.identity for cell in cells))
    states = {(cell.object, cell.command, cell.identity): cell.state for cell in cells}
    yield "### Who may do what"
    yield "● allowed · denied ❌ finding ❔ invalid ◌ proves nothing ☑ accepted"
    rows = []
    for name, command in dict.fromkeys((cell.object, cell.command) for cell in cells):
        marks = [states.get((name, command, identity)) for identity in identities]
        rows.append([f"{name} {command}", *(_MARKS[mark] if mark else "" for mark in marks)])
    yield table(["", *identities], rows)
