"""Updating: every column of every row, with and without WHERE."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from psycopg import sql

from chatctl.services.audit.access.clauses import condition, key_expression, raw_sql
from chatctl.services.audit.access.expectations import ColumnChange, Identity
from chatctl.services.audit.probes.context import TableContext
from chatctl.services.audit.probes.probe import ALL, WITHOUT_WHERE, Probe
from chatctl.services.audit.stage.contents import Column, TableRow
from chatctl.services.audit.stage.workspace import errors_at, execute_single
from chatctl.sqltext.quoting import column, literal


def probes(table: TableContext, *, brief: bool = False) -> Iterator[Probe]:
    """The declared updates, then every column that may not be updated."""
    for name, changes in table.rules.update.items():
        for number, change in enumerate(changes):
            yield from _declared(table, name, change, number)
    for each in table.content.columns if not brief else ():
        if each.name not in table.rules.update and not each.generated:
            yield from _forbidden(table, each)


def values(
    table: TableContext, name: str, change: ColumnChange, where: str
) -> dict[tuple[str, str], str | None]:
    """The value to write, as text, for every identity and row."""
    select = sql.SQL(
        "select me.identity, {}, ({})::{}::text from chatctl_audit.identities me cross join {} this"
    ).format(
        raw_sql(key_expression(table.rules.key)),
        raw_sql(change.value),
        raw_sql(table.types[name]),
        table.snapshot,
    )
    with errors_at(table.access, table.key(f"{where}.set")):
        return {(identity, key): value for identity, key, value in execute_single(table.conn, select)}


def _declared(table: TableContext, name: str, change: ColumnChange, number: int) -> Iterator[Probe]:
    where = f"update.{name}[{number}]"
    allowed = table.allowed(change.allow, f"{where}.allow")
    written_values = values(table, name, change, where)
    action = f"update {name}" + (f" [{number}]" if number else "")
    common: dict[str, Any] = {"privilege": "update", "column": name, "refused": change.refused}
    by_key, without_where, holds = table.update(name), table.update(name, blind=True), _holds(table, change)
    for identity in table.writers:
        trusted = table.trusts(identity)
        allowed_keys = [row.key for row in table.rows if allowed[identity.name, row.key]]
        for row in table.rows:
            is_allowed = allowed[identity.name, row.key] or trusted
            yield table.probe(
                identity, action, subject=row.key, statement=by_key,
                args=(written_values[identity.name, row.key], *row.keys.values()),
                allowed=is_allowed, count=1,
                holds=f"{holds}{literal(row.key)}" if holds and is_allowed and not trusted else None,
                **common,
            )  # fmt: skip
        if change.blind and not trusted and table.content.whole:
            value = written_values[identity.name, (allowed_keys or [table.rows[0].key])[0]]
            yield table.probe(
                identity, action + WITHOUT_WHERE, subject=ALL, statement=without_where, args=(value,),
                # An error about one row also undoes the update of the allowed ones.
                allowed=bool(allowed_keys), count=len(allowed_keys),
                may_refuse=bool(table.readable[identity.name] - set(allowed_keys)), **common,
            )  # fmt: skip


def _forbidden(table: TableContext, each: Column) -> Iterator[Probe]:
    action = f"update {each.name}"
    common: dict[str, Any] = {"privilege": "update", "column": each.name}
    by_key, without_where = table.update(each.name), table.update(each.name, blind=True)
    for identity in table.writers:
        trusted = table.trusts(identity)
        for row in table.rows_to_try(identity):
            for value in _values_to_try(table, identity, each, row):
                yield table.probe(
                    identity, action, subject=row.key, statement=by_key, args=(value, *row.keys.values()),
                    allowed=trusted, count=1, **common,
                )  # fmt: skip
        if not trusted and table.content.whole:
            yield table.probe(
                identity,
                action + WITHOUT_WHERE,
                subject=ALL,
                statement=without_where,
                args=(table.other_value(each, table.rows[0].key),),
                allowed=False,
                **common,
            )


def _values_to_try(table: TableContext, identity: Identity, each: Column, row: TableRow) -> list[str | None]:
    """The values to try: one if the privilege is missing, since all are refused then; else all and null."""
    by_key = table.other_value(each, row.key)
    if table.trusts(identity) or not table.context.holds(identity, table.rules.name, "update", each.name):
        return [by_key]
    current = row.values[each.name]
    return [
        by_key,
        *sorted({value for other in table.rows if (value := other.values[each.name])} - {current, by_key}),
        None,
    ]


def _holds(table: TableContext, change: ColumnChange) -> str | None:
    """The query that checks ``holds`` after the write; the literal key of the row is appended to it."""
    if change.holds is None:
        return None
    same = " and ".join(f"this.{column(part)} = before.{column(part)}" for part in table.rules.key)
    select = sql.SQL(
        "select coalesce(bool_and({}), false) from {} this join {} before on {} "
        "join chatctl_audit.identities me on me.position = $1 where {} = "
    ).format(
        condition(change.holds), raw_sql(table.target), table.snapshot, raw_sql(same),
        raw_sql(key_expression(table.rules.key)),
    )  # fmt: skip
    return select.as_string(None)
