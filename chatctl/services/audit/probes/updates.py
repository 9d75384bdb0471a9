"""Updating: every column of every row, with and without WHERE, whether anybody may write it or not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from psycopg import sql

from chatctl.services.audit.access.clauses import condition, key_text, written
from chatctl.services.audit.access.expectations import Change, Identity
from chatctl.services.audit.probes.context import TableStage
from chatctl.services.audit.probes.probe import ALL, WITHOUT_WHERE, Probe
from chatctl.services.audit.stage.contents import Column, Row
from chatctl.services.audit.stage.workspace import reading, single
from chatctl.sqltext.quoting import column, literal


def probes(on: TableStage, *, brief: bool = False) -> Iterator[Probe]:
    """What access.yaml lets be written, then every other column."""
    for name, changes in on.table.update.items():
        for number, change in enumerate(changes):
            yield from _declared(on, name, change, number)
    for each in on.content.columns if not brief else ():
        if each.name not in on.table.update and not each.generated:
            yield from _forbidden(on, each)


def values(on: TableStage, name: str, change: Change, where: str) -> dict[tuple[str, str], str | None]:
    """The text of the value to write, for every identity and row."""
    asked = sql.SQL(
        "select me.identity, {}, ({})::{}::text from chatctl_audit.identities me cross join {} this"
    ).format(written(key_text(on.table.key)), written(change.value), written(on.types[name]), on.snapshot)
    with reading(on.access, on.key(f"{where}.set")):
        return {(identity, key): value for identity, key, value in single(on.conn, asked)}


def _declared(on: TableStage, name: str, change: Change, number: int) -> Iterator[Probe]:
    where = f"update.{name}[{number}]"
    allowed = on.allowed(change.allow, f"{where}.allow")
    written_values = values(on, name, change, where)
    action = f"update {name}" + (f" [{number}]" if number else "")
    more: dict[str, Any] = {"privilege": "update", "column": name, "refused": change.refused}
    one, every, holds = on.update(name), on.update(name, blind=True), _holds(on, change)
    for identity in on.writers:
        trusted = on.trusts(identity)
        mine = [row.key for row in on.rows if allowed[identity.name, row.key]]
        for row in on.rows:
            may = allowed[identity.name, row.key] or trusted
            yield on.probe(
                identity, action, subject=row.key, statement=one,
                args=(written_values[identity.name, row.key], *row.keys.values()), allowed=may, count=1,
                holds=f"{holds}{literal(row.key)}" if holds and may and not trusted else None, **more,
            )  # fmt: skip
        if change.blind and not trusted and on.content.whole:
            value = written_values[identity.name, (mine or [on.rows[0].key])[0]]
            yield on.probe(
                identity, action + WITHOUT_WHERE, subject=ALL, statement=every, args=(value,),
                # One row that is refused by an error takes those that are allowed with it.
                allowed=bool(mine), count=len(mine),
                may_refuse=bool(on.readable[identity.name] - set(mine)), **more,
            )  # fmt: skip


def _forbidden(on: TableStage, each: Column) -> Iterator[Probe]:
    action = f"update {each.name}"
    more: dict[str, Any] = {"privilege": "update", "column": each.name}
    one, every = on.update(each.name), on.update(each.name, blind=True)
    for identity in on.writers:
        trusted = on.trusts(identity)
        for row in on.shown(identity):
            for value in _pool(on, identity, each, row):
                yield on.probe(
                    identity, action, subject=row.key, statement=one, args=(value, *row.keys.values()),
                    allowed=trusted, count=1, **more,
                )  # fmt: skip
        if not trusted and on.content.whole:
            yield on.probe(
                identity,
                action + WITHOUT_WHERE,
                subject=ALL,
                statement=every,
                args=(on.other(each, on.rows[0].key),),
                allowed=False,
                **more,
            )


def _pool(on: TableStage, identity: Identity, each: Column, row: Row) -> list[str | None]:
    """One value where the privilege is missing, which refuses them all; else every value, and null."""
    one = on.other(each, row.key)
    if on.trusts(identity) or not on.stage.holds(identity, on.table.name, "update", each.name):
        return [one]
    own = row.values[each.name]
    return [
        one,
        *sorted({found for other in on.rows if (found := other.values[each.name])} - {own, one}),
        None,
    ]


def _holds(on: TableStage, change: Change) -> str | None:
    """The query whether a row is as access.yaml says after the write, up to its key."""
    if change.holds is None:
        return None
    same = " and ".join(f"this.{column(part)} = before.{column(part)}" for part in on.table.key)
    asked = sql.SQL(
        "select coalesce(bool_and({}), false) from {} this join {} before on {} "
        "join chatctl_audit.identities me on me.position = $1 where {} = "
    ).format(
        condition(change.holds), written(on.target), on.snapshot, written(same),
        written(key_text(on.table.key)),
    )  # fmt: skip
    return asked.as_string(None)
