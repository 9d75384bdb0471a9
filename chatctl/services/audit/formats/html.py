"""One page that needs nothing else: the findings, and a matrix whose cells open to their probes."""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from html import escape
from itertools import groupby
from pathlib import Path
from string import Template

from chatctl.services.audit.cells import Cell, State
from chatctl.services.audit.formats.groups import Group, counted, groups, located, scope, verdict
from chatctl.services.audit.formats.harmless import line, visible
from chatctl.services.audit.formats.json import verdict as outcome
from chatctl.services.audit.report import Report

_BESIDE = Path(__file__).parent
_COMMANDS = "select", "insert", "update", "delete", "truncate", "execute"

SAYS = {
    State.denied: "Denied",
    State.allowed: "Allowed",
    State.finding: "Finding",
    State.invalid: "Failed, so proves nothing",
    State.vacuous: "Proves nothing, nobody gets through",
    State.accepted: "Accepted in the baseline",
}


def render(report: Report) -> str:
    style, script = _file("page.css"), _file("page.js")
    cells = {(cell.object, cell.command, cell.identity): n for n, cell in enumerate(report.cells)}
    identities = list(dict.fromkeys(cell.identity for cell in report.cells))
    return Template(_file("page.html")).substitute(
        title=_text(f"{verdict(report)} · access audit"),
        access=_text(report.access),
        verdict=_text(verdict(report)),
        verdict_class=outcome(report),
        scope=_text(scope(report)),
        findings="\n".join(_findings(report)),
        accepted="\n".join(_accepted(report)),
        legend="".join(_legend(report)),
        identities="".join(f'<th scope="col"><span>{_text(name)}</span></th>' for name in identities),
        matrix="\n".join(_objects(report, identities, cells)),
        notes="".join(f" {_text(_sentence(each))}" for each in report.notes),
        data=_data(report),
        style=style,
        script=script,
        style_hash=_hash(style),
        script_hash=_hash(script),
    )  # fmt: skip


def _findings(report: Report) -> Iterator[str]:
    for level, title in (("error", "Findings"), ("warning", "Probes that prove nothing")):
        found = [group for group in groups(report.problems) if group.meaning.level == level]
        if found:
            yield f'<section><h2>{title}</h2><div class="list">'
            yield from (_group(group) for group in found)
            yield "</div></section>"


def _group(group: Group) -> str:
    first = group.first
    more = f'<span class="more">{counted(group.probes, "probe")}</span>' if group.probes > 1 else ""
    parts = [
        f'<details class="{group.meaning.level}"><summary><div class="head">',
        f'<span class="rule">{_text(group.rule)}</span><b><bdi>{_text(first.object)}</bdi></b>',
        f'<span class="what"><bdi>{_text(first.command or first.action)}</bdi></span>{more}</div>',
        f'<p class="message"><bdi>{_text(first.message)}</bdi></p></summary><div class="body">',
    ]
    if group.identities:
        chips = "".join(f'<button type="button">{_text(name)}</button>' for name in group.identities)
        where = f'data-object="{_text(first.object)}" data-command="{_text(first.command)}"'
        parts.append(f'<div class="chips" {where}>{chips}</div>')
    if len(group.actions) > 1:
        parts.append(f'<p><span class="label">Tried:</span> {_text(", ".join(group.actions))}</p>')
    place = f" <code>{_text(located(first.place))}</code>" if first.place else ""
    parts.append(f"<p>{_text(group.meaning.help)}{place}</p>")
    if first.sql:
        parts.append(f'<div class="sql"><pre>{_text(first.sql, keep_lines=True)}</pre></div>')
    return "".join([*parts, "</div></details>"])


def _accepted(report: Report) -> Iterator[str]:
    if not report.accepted:
        return
    yield '<section><h2>Accepted</h2><div class="list"><table class="plain">'
    yield "<tr><th>Finding</th><th>Reason</th><th>Owner</th><th>Until</th></tr>"
    for each in report.accepted:
        values = (each.finding.id, each.reason, each.owner, each.expires)
        yield f"<tr>{''.join(f'<td><bdi>{_text(value)}</bdi></td>' for value in values)}</tr>"
    yield "</table></div></section>"


def _legend(report: Report) -> Iterator[str]:
    counts = Counter(cell.state for cell in report.cells)
    for state, says in SAYS.items():
        if counts[state]:
            yield f'<li><span class="m {state}"></span>{says} <span>{counts[state]:,}</span></li>'


def _objects(report: Report, identities: list[str], cells: dict[tuple[str, str, str], int]) -> Iterator[str]:
    for name, group in groupby(report.cells, key=lambda cell: cell.object):
        commands = sorted({cell.command for cell in group}, key=_COMMANDS.index)
        one = commands == ["execute"]
        yield f'<tbody class="{"one" if one else ""}">'
        if not one:
            wide = f'class="object" colspan="{len(identities) + 1}" scope="rowgroup"'
            yield f"<tr><th {wide}>{_text(name)}</th></tr>"
        for command in commands:
            label = name if one else command
            row = [cells.get((name, command, identity)) for identity in identities]
            squares = "".join("<td></td>" if n is None else _square(n, report.cells[n]) for n in row)
            yield f'<tr><th scope="row" title="{_text(label)}">{_text(label)}</th>{squares}</tr>'
        yield "</tbody>"


def _sentence(note: str) -> str:
    return f"{note[0].upper()}{note[1:]}."


def _square(number: int, cell: Cell) -> str:
    says = _text(f"{cell.identity}: {cell.command} {cell.object}: {cell.state}")
    return (
        f'<td><button class="m {cell.state}" data-cell="{number}" tabindex="-1" title="{says}"></button></td>'
    )


def _data(report: Report) -> str:
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
        "states": {state.value: says for state, says in SAYS.items()},
        "people": {
            line(each.name): {"says": line(each.says), "login": visible("\n".join(each.login))}
            for each in report.people
        },
        "setup": {"commands": "\n".join(report.setup.commands), "text": report.setup.text},
    }
    # Nothing in it may end the script element, or begin a comment in it.
    return json.dumps(document, separators=(",", ":")).replace("<", "\\u003c").replace(">", "\\u003e")


def _text(text: str, *, keep_lines: bool = False) -> str:
    return escape(visible(text, keep_lines=keep_lines))


def _file(name: str) -> str:
    return (_BESIDE / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
