"""``--explain``: one cell, as somebody reads it who wants to know why."""

from __future__ import annotations

from collections.abc import Iterator

from chatctl.cli.options import Options
from chatctl.cli.output import show_document
from chatctl.db.connection import Connection
from chatctl.errors import Found, Inconclusive
from chatctl.services.audit.access.expectations import Access
from chatctl.services.audit.explain import Asked, Explanation, Policy, explain
from chatctl.services.audit.findings.finding import Place
from chatctl.services.audit.verdicts.cells import Cell, State


def show(conn: Connection, access: Access, cell: str, shared: Options) -> None:
    """Explain ``cell``; exit 7 or 9 when it is not as access.yaml says."""
    said = explain(conn, access, cell)
    show_document(said, shared, text="\n".join(_lines(said)))
    match said.cell.state:
        case State.finding:
            raise Found(_verdict(said.cell))
        case State.invalid | State.vacuous:
            raise Inconclusive(_verdict(said.cell))


def _verdict(cell: Cell) -> str:
    return f"{cell.identity}: {cell.command} of {cell.object}: {cell.state.upper()}"


def _lines(said: Explanation) -> Iterator[str]:
    cell = said.cell
    yield _verdict(cell)
    yield f"  {said.through} of {said.probes} probes got through{_at(said.place)}"
    yield from _part("access.yaml says", [f"{key}: {' '.join(text.split())}" for key, text in said.declared])
    held = [what for what, there in said.privileges if there]
    lacking = [what for what, there in said.privileges if not there]
    yield from _part(f"{said.role} holds", [", ".join(held) or "nothing that it needs"])
    yield from _part(f"{said.role} lacks", [", ".join(lacking)] if lacking else [])
    yield from _part(
        "policies that are asked", [line for each in said.policies for line in _policy(each, said.through)]
    )
    yield from _part("triggers that fire", [_asked(each) for each in said.triggers])
    yield from _part("functions that take part", [_asked(each) for each in said.functions])
    yield from _part("what stopped the others", [f"{count} x {why}" for why, count in said.refusals.items()])
    samples = [
        f"{each.action} of {each.subject}: {each.came}"
        + (f" ({each.verdict})" if each.verdict != "passed" else "")
        for each in cell.samples
    ]
    yield from _part("some of the probes", samples)


def _part(title: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield ""
        yield title
        yield from (f"  {line}" for line in lines)


def _policy(policy: Policy, through: int) -> Iterator[str]:
    kind = "" if policy.permissive else "restrictive, "
    decides = (
        "decides nothing here" if policy.without == through else f"without it {policy.without} get through"
    )
    yield f'"{policy.name}" ({kind}for {policy.command}): {decides}{_at(policy.place)}'
    for key, text in (("using", policy.using), ("with check", policy.with_check)):
        if text:
            yield f"  {key} {' '.join(text.split())}"


def _asked(each: Asked) -> str:
    return f"{each.name}: {each.says}{_at(each.place)}"


def _at(place: Place | None) -> str:
    return f"  {place.file}:{place.line}" if place else ""
