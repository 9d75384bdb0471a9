"""Reading: exactly the rows that an identity may read, by key and column by column."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from psycopg import sql

from chatctl.services.audit.access.clauses import key_expression, raw_sql
from chatctl.services.audit.probes.context import TableContext
from chatctl.services.audit.probes.probe import ALL, Probe
from chatctl.services.audit.stage.workspace import errors_at, execute_single
from chatctl.sqltext.quoting import column


def probes(table: TableContext, *, brief: bool = False) -> Iterator[Probe]:
    """The rows by their keys, then each column by itself, since privileges may be by column."""
    rules = table.rules
    key, (condition, args) = key_expression(rules.key), table.copied_rows_condition()
    rows_read = (
        f"select coalesce(array_agg({key} order by {key}), '{{}}') from {table.target} this where {condition}"
    )
    column_read = (
        "select array_fill('x'::text, array[count(*)::integer]) "
        f"from (select {{}} from {table.target} this where {condition}) as seen"
    )
    expected = (
        _rows_by_query(table)
        if rules.rows
        else {name: tuple(sorted(keys)) for name, keys in table.readable.items()}
    )
    for identity in table.access.identities:
        keys = expected[identity.name]
        common: dict[str, Any] = {"allowed": bool(keys), "fetches": True, "privilege": "select"}
        yield table.probe(
            identity,
            "select",
            subject=ALL,
            statement=rows_read,
            args=args,
            rows=keys,
            column=rules.key[0],
            **common,
        )
        for each in table.content.columns if not (identity.reads_only or brief) else ():
            yield table.probe(
                identity,
                f"select {each.name}",
                subject=ALL,
                statement=column_read.format(column(each.name)),
                args=args,
                rows=("x",) * len(keys),
                column=each.name,
                **common,
            )


def _rows_by_query(table: TableContext) -> dict[str, tuple[str, ...]]:
    """The keys that the query ``rows`` of access.yaml returns for every identity."""
    select = sql.SQL(
        "select me.identity, array(select expected.key from ({}) as expected (key) order by 1) "
        "from chatctl_audit.identities me"
    ).format(raw_sql(table.rules.rows or ""))
    with errors_at(table.access, table.key("rows")):
        return {name: tuple(keys) for name, keys in execute_single(table.conn, select)}
