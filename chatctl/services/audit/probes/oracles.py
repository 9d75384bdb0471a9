"""Inserting references to, or duplicates of, hidden rows: the answer must not reveal that they exist."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chatctl.services.audit.access.expectations import Identity, Insert
from chatctl.services.audit.probes.context import UNKNOWN, TableContext
from chatctl.services.audit.probes.inserts import describe_values
from chatctl.services.audit.probes.probe import Probe
from chatctl.services.audit.stage.candidates import Candidate


def probes(table: TableContext, insert: Insert) -> Iterator[Probe]:
    """For each identity refused references to a hidden row and to no row, and a hidden row's key."""
    if insert.oracle:
        return
    names = [*insert.values]
    for identity, candidates in table.candidates:
        if table.trusts(identity):
            continue
        refused = [each for each in candidates if not each.allowed]
        allowed = next((each for each in candidates if each.allowed), None)
        yield from _references(table, identity, names, refused)
        if allowed and set(table.rules.key) <= set(names):
            yield from _keys(table, identity, names, allowed)


def _references(
    table: TableContext, identity: Identity, names: list[str], refused: list[Candidate]
) -> Iterator[Probe]:
    statement = table.insert(names)
    for place, name in enumerate(names):
        hidden = (each for each in refused if table.context.hidden(identity, each.values[place]))
        candidate = next(hidden, None) if table.types[name] == "uuid" else None
        if candidate is None:
            continue
        for value in (candidate.values[place], UNKNOWN):
            values = (*candidate.values[:place], value, *candidate.values[place + 1 :])
            yield _probe(
                table,
                identity,
                names=names,
                statement=statement,
                values=values,
                action=f"oracle {name}",
                pair=name,
            )


def _keys(table: TableContext, identity: Identity, names: list[str], allowed: Candidate) -> Iterator[Probe]:
    hidden_row = next((row for row in table.rows if row.key not in table.readable[identity.name]), None)
    if hidden_row:
        values = tuple(
            hidden_row.keys.get(name, value) for name, value in zip(names, allowed.values, strict=True)
        )
        yield _probe(
            table,
            identity,
            names=names,
            statement=table.insert(names),
            values=values,
            action="oracle key",
            pair=None,
        )


def _probe(
    table: TableContext,
    identity: Identity,
    *,
    names: list[str],
    statement: str,
    values: tuple[str | None, ...],
    action: str,
    pair: str | None,
) -> Probe:
    common: dict[str, Any] = {"allowed": False, "privilege": "insert", "column": names[0]}
    key = f"{table.rules.name} {pair or 'key'} {identity.name}"
    return table.probe(
        identity,
        action,
        subject=describe_values(names, values),
        statement=statement,
        args=values,
        pair=key,
        **common,
    )
