"""A self-contained HTML page: findings, and a matrix whose cells open to their probes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from string import Template

from chatctl.formats.counting import counted
from chatctl.formats.escaping import line, visible
from chatctl.formats.html import policy_hash, script_data, text
from chatctl.services.audit.formats.groups import FindingGroup, groups, located, scope, verdict
from chatctl.services.audit.formats.json import verdict as outcome
from chatctl.services.audit.report import AuditReport
from chatctl.services.audit.verdicts.cells import Cell, State

_DIRECTORY = Path(__file__).parent
_COMMANDS = "select", "insert", "update", "delete", "truncate", "execute"

STATE_TEXTS = {
    State.denied: "Denied",
    State.allowed: "Allowed",
    State.finding: "Finding",
    State.invalid: "Failed, so proves nothing",
    State.vacuous: "Proves nothing, no identity is allowed",
    State.accepted: "Accepted in the baseline",
}


def render(report: AuditReport) -> str:
    style, script = _file("page.css"), _file("page.js")
    cells = {(cell.object, cell.command, cell.identity): n for n, cell in enumerate(report.cells)}
    identities = list(dict.fromkeys(cell.identity for cell in report.cells))
    return Template(_file("page.html")).substitute(
        title=text(f"{verdict(report)} · access audit"),
        access=text(report.access),
        verdict=text(verdict(report)),
        verdict_class=outcome(report),
        scope=text(scope(report)),
        findings="\n".join(_findings(report)),
        accepted="\n".join(_accepted(report)),
        legend="".join(_legend(report)),
        identities="".join(f'<th scope="col"><span>{text(name)}</span></th>' for name in identities),
        matrix="\n".join(_objects(report, identities, cells)),
        notes="".join(f" {text(_sentence(each))}" for each in report.notes),
        data=_data(report),
        style=style,
        script=script,
        style_hash=policy_hash(style),
        script_hash=policy_hash(script),
    )  # fmt: skip


def _findings(report: AuditReport) -> Iterator[str]:
    for level, title in (("error", "Findings"), ("warning", "Probes that prove nothing")):
        shown = [group for group in groups(report.problems) if group.meaning.level == level]
        if shown:
            yield f'<section><h2>{title}</h2><div class="list">'
            yield from (_group(group) for group in shown)
            yield "</div></section>"


def _group(group: FindingGroup) -> str:
    first = group.first
    more = f'<span class="more">{counted(group.probes, "probe")}</span>' if group.probes > 1 else ""
    parts = [
        f'<details class="{group.meaning.level}"><summary><div class="head">',
        f'<span class="rule">{text(group.rule)}</span><b><bdi>{text(first.object)}</bdi></b>',
        f'<span class="what"><bdi>{text(first.command or first.action)}</bdi></span>{more}</div>',
        f'<p class="message"><bdi>{text(first.message)}</bdi></p></summary><div class="body">',
    ]
    if group.identities:
        chips = "".join(f'<button type="button">{text(name)}</button>' for name in group.identities)
        where = f'data-object="{text(first.object)}" data-command="{text(first.command)}"'
        parts.append(f'<div class="chips" {where}>{chips}</div>')
    if len(group.actions) > 1:
        parts.append(f'<p><span class="label">Tried:</span> {text(", ".join(group.actions))}</p>')
    place = f" <code>{text(located(first.place))}</code>" if first.place else ""
    parts.append(f"<p>{text(group.meaning.help)}{place}</p>")
    if first.sql:
        parts.append(f'<div class="sql"><pre>{text(first.sql, keep_lines=True)}</pre></div>')
    return "".join([*parts, "</div></details>"])


def _accepted(report: AuditReport) -> Iterator[str]:
    if not report.accepted:
        return
    yield '<section><h2>Accepted</h2><div class="list"><table class="plain">'
    yield "<tr><th>Finding</th><th>Reason</th><th>Owner</th><th>Until</th></tr>"
    for each in report.accepted:
        values = (each.finding.id, each.reason, each.owner, each.expires)
        yield f"<tr>{''.join(f'<td><bdi>{text(value)}</bdi></td>' for value in values)}</tr>"
    yield "</table></div></section>"


def _legend(report: AuditReport) -> Iterator[str]:
    counts = Counter(cell.state for cell in report.cells)
    for state, description in STATE_TEXTS.items():
        if counts[state]:
            yield f'<li><span class="m {state}"></span>{description} <span>{counts[state]:,}</span></li>'


def _objects(
    report: AuditReport, identities: list[str], cells: dict[tuple[str, str, str], int]
) -> Iterator[str]:
    for name, group in groupby(report.cells, key=lambda cell: cell.object):
        commands = sorted({cell.command for cell in group}, key=_COMMANDS.index)
        one = commands == ["execute"]
        yield f'<tbody class="{"one" if one else ""}">'
        if not one:
            wide = f'class="object" colspan="{len(identities) + 1}" scope="rowgroup"'
            yield f"<tr><th {wide}>{text(name)}</th></tr>"
        for command in commands:
            label = name if one else command
            row = [cells.get((name, command, identity)) for identity in identities]
            squares = "".join("<td></td>" if n is None else _square(n, report.cells[n]) for n in row)
            yield f'<tr><th scope="row" title="{text(label)}">{text(label)}</th>{squares}</tr>'
        yield "</tbody>"


def _sentence(note: str) -> str:
    return f"{note[0].upper()}{note[1:]}."


def _square(number: int, cell: Cell) -> str:
    hint = text(f"{cell.identity}: {cell.command} {cell.object}: {cell.state}")
    attributes = f'class="m {cell.state}" data-cell="{number}" tabindex="-1" title="{hint}"'
    return f"<td><button {attributes}></button></td>"


def _data(report: AuditReport) -> str:
    statements: dict[str, int] = {}

    def number(text: str) -> int:
        return statements.setdefault(visible(text), len(statements))

    cells = [
        [
            line(cell.identity), line(cell.object), cell.command, cell.state, cell.probes, cell.through,
            [
                [line(each.action), line(each.subject), line(each.expected), line(each.came),
                 each.verdict != "passed", number("\n".join(each.sql))]
                for each in cell.samples
            ],
        ]
        for cell in report.cells
    ]  # fmt: skip
    document = {
        "cells": cells,
        "statements": list(statements),
        "states": {state.value: description for state, description in STATE_TEXTS.items()},
        "people": {
            line(each.name): {"says": line(each.says), "login": visible("\n".join(each.login))}
            for each in report.people
        },
        "setup": {"commands": "\n".join(report.setup.commands), "text": report.setup.text},
    }
    return script_data(document)


def _file(name: str) -> str:
    return (_DIRECTORY / name).read_text(encoding="utf-8")
