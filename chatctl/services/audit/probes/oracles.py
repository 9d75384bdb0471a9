"""Inserting what refers to, or clashes with, an unseen row: the answer must not tell that it exists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chatctl.services.audit.access.expectations import Identity, Insert
from chatctl.services.audit.probes.context import UNKNOWN, TableStage
from chatctl.services.audit.probes.inserts import said
from chatctl.services.audit.probes.probe import Probe
from chatctl.services.audit.stage.candidates import Candidate


def probes(on: TableStage, insert: Insert) -> Iterator[Probe]:
    """For everybody a refused candidate beside one that names nothing there is, and an unseen row's key."""
    if insert.oracle:
        return
    names = [*insert.values]
    for identity, candidates in on.candidates:
        if on.trusts(identity):
            continue
        refused = [each for each in candidates if not each.allowed]
        allowed = next((each for each in candidates if each.allowed), None)
        yield from _references(on, identity, names, refused)
        if allowed and set(on.table.key) <= set(names):
            yield from _keys(on, identity, names, allowed)


def _references(
    on: TableStage, identity: Identity, names: list[str], refused: list[Candidate]
) -> Iterator[Probe]:
    statement = on.insert(names)
    for place, name in enumerate(names):
        hidden = (each for each in refused if on.stage.hidden(identity, each.values[place]))
        there = next(hidden, None) if on.types[name] == "uuid" else None
        if there is None:
            continue
        for value in (there.values[place], UNKNOWN):
            given = (*there.values[:place], value, *there.values[place + 1 :])
            yield _probe(
                on,
                identity,
                names=names,
                statement=statement,
                given=given,
                action=f"oracle {name}",
                pair=name,
            )


def _keys(on: TableStage, identity: Identity, names: list[str], allowed: Candidate) -> Iterator[Probe]:
    unseen = next((row for row in on.rows if row.key not in on.readable[identity.name]), None)
    if unseen:
        given = tuple(unseen.keys.get(name, value) for name, value in zip(names, allowed.values, strict=True))
        yield _probe(
            on, identity, names=names, statement=on.insert(names), given=given, action="oracle key", pair=None
        )


def _probe(
    on: TableStage,
    identity: Identity,
    *,
    names: list[str],
    statement: str,
    given: tuple[str | None, ...],
    action: str,
    pair: str | None,
) -> Probe:
    more: dict[str, Any] = {"allowed": False, "privilege": "insert", "column": names[0]}
    key = f"{on.table.name} {pair or 'key'} {identity.name}"
    return on.probe(
        identity, action, subject=said(names, given), statement=statement, args=given, pair=key, **more
    )
