"""``--explain``: printing what decides one cell."""

from __future__ import annotations

from collections.abc import Iterator

from chatctl.cli.options import Options
from chatctl.cli.output import show_document
from chatctl.db.connection import Connection
from chatctl.errors import Found, Inconclusive
from chatctl.services.audit.access.expectations import Access
from chatctl.services.audit.explain import AppliedPolicy, Explanation, InvolvedFunction, explain
from chatctl.services.audit.findings.finding import Place
from chatctl.services.audit.probes.scope import Scope
from chatctl.services.audit.verdicts.cells import Cell, State


def show(conn: Connection, access: Access, scope: Scope, shared: Options) -> None:
    """Explain the cell of ``scope``; exit 7 or 9 if it differs from access.yaml."""
    explanation = explain(conn, access, scope)
    show_document(explanation, shared, text="\n".join(_lines(explanation)))
    match explanation.cell.state:
        case State.finding:
            raise Found(_verdict(explanation.cell))
        case State.invalid | State.vacuous:
            raise Inconclusive(_verdict(explanation.cell))


def _verdict(cell: Cell) -> str:
    return f"{cell.identity}: {cell.command} of {cell.object}: {cell.state.upper()}"


def _lines(explanation: Explanation) -> Iterator[str]:
    cell = explanation.cell
    yield _verdict(cell)
    yield f"  {explanation.through} of {explanation.probes} probes succeed{_at(explanation.place)}"
    yield from _part(
        "access.yaml declares", [f"{key}: {' '.join(text.split())}" for key, text in explanation.declared]
    )
    held = [privilege for privilege, is_held in explanation.privileges if is_held]
    missing = [privilege for privilege, is_held in explanation.privileges if not is_held]
    yield from _part(f"{explanation.role} holds", [", ".join(held) or "none of the privileges needed"])
    yield from _part(f"{explanation.role} lacks", [", ".join(missing)] if missing else [])
    yield from _part(
        "policies that apply",
        [line for each in explanation.policies for line in _policy(each, explanation.through)],
    )
    yield from _part("triggers that fire", [_involved(each) for each in explanation.triggers])
    yield from _part("functions involved", [_involved(each) for each in explanation.functions])
    yield from _part(
        "why the others fail", [f"{count} x {why}" for why, count in explanation.refusals.items()]
    )
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


def _policy(policy: AppliedPolicy, through: int) -> Iterator[str]:
    kind = "" if policy.permissive else "restrictive, "
    decides = (
        "makes no difference here" if policy.without == through else f"without it {policy.without} succeed"
    )
    yield f'"{policy.name}" ({kind}for {policy.command}): {decides}{_at(policy.place)}'
    for key, text in (("using", policy.using), ("with check", policy.with_check)):
        if text:
            yield f"  {key} {' '.join(text.split())}"


def _involved(each: InvolvedFunction) -> str:
    return f"{each.name}: {each.says}{_at(each.place)}"


def _at(place: Place | None) -> str:
    return f"  {place.file}:{place.line}" if place else ""
