"""The rows of each table that an audit works with: a copy in the database for conditions, and in Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from psycopg import sql
from psycopg.rows import dict_row

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.errors import Inconclusive, Invalid
from chatctl.services.audit.access.clauses import key_expression, raw_sql
from chatctl.services.audit.access.expectations import Access, TableRules
from chatctl.services.audit.stage.workspace import inconclusive_on_error, snapshot
from chatctl.sqltext.quoting import column, relation


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a table.

    ``refers`` is true for a column of a foreign key, ``target`` the table that a single-column one refers to;
    ``is_unique`` is true for a column of a unique index. ``checks`` are the conditions of its CHECK
    constraints, ``choices`` the values that its type or its checks list.
    """

    name: str
    type: str
    generated: bool
    refers: bool
    checks: Sequence[str]
    choices: Sequence[str]
    target: str | None = None
    is_unique: bool = False


@dataclass(frozen=True)
class TableRow:
    """A row: its key as one text and by column, and every column as text."""

    key: str
    keys: Mapping[str, str]
    values: Mapping[str, str | None]


@dataclass(frozen=True)
class Content:
    """The columns and copied rows of a table; ``kind`` is its relkind.

    ``whole`` is false when the table has more rows, which a write without WHERE would reach as well.
    """

    kind: str
    columns: tuple[Column, ...]
    rows: tuple[TableRow, ...]
    whole: bool = True


def copy_rows(conn: Connection, access: Access, table: TableRules, rows: sql.Composable) -> Content:
    """Copy the rows of ``table`` that the query ``rows`` returns.

    Raises Inconclusive when the table does not exist, Invalid when access.yaml names a missing column.
    """
    kind, columns = _columns(conn, table.name)
    if not columns:
        raise Inconclusive(
            f"{access.path.name} names table {table.name}, which does not exist in the database",
            hint="check that the database is migrated",
        )
    known = {each.name for each in columns}
    inserted = table.insert.values if table.insert else {}
    for name in (*table.key, *table.update, *inserted):
        if name not in known:
            raise Invalid(
                f"{access.path.name}: tables.{table.name} names column {name}, which does not exist"
            )
    if table.rows:  # a view that filters by its caller has no rows to copy
        return Content(kind, columns, ())
    copy = snapshot(access, table.name)
    with inconclusive_on_error(f"the rows of {table.name} cannot be read"):
        conn.execute(sql.SQL("create unlogged table {} as {}").format(copy, rows))
    return Content(kind, columns, _rows(conn, access, table, columns))


def refresh_copy(
    conn: Connection, access: Access, table: TableRules, *, rows: sql.Composable, before: Content
) -> Content:
    """Replace the copy, whose contents were ``before``, with the current rows."""
    if table.rows:
        return before
    copy = snapshot(access, table.name)
    conn.execute(sql.SQL("delete from {}").format(copy))
    conn.execute(sql.SQL("insert into {} {}").format(copy, rows))
    return replace(before, rows=_rows(conn, access, table, before.columns))


def _columns(conn: Connection, name: str) -> tuple[str, tuple[Column, ...]]:
    """The relkind and columns of a table."""
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(query("audit/columns"), {"relation": relation(name)}).fetchall()
    kinds = {row.pop("kind") for row in rows}
    return "".join(kinds), tuple(Column(**row) for row in rows)


def _rows(
    conn: Connection, access: Access, table: TableRules, columns: Sequence[Column]
) -> tuple[TableRow, ...]:
    listed = ", ".join(f"this.{column(each.name)}::text" for each in columns)
    cursor = conn.execute(
        sql.SQL("select {}, array[{}] from {} this order by 1").format(
            raw_sql(key_expression(table.key)), raw_sql(listed), snapshot(access, table.name)
        )
    )
    return tuple(_row(table, columns, key, values) for key, values in cursor)


def _row(table: TableRules, columns: Sequence[Column], key: str, values: list[Any]) -> TableRow:
    named = {each.name: value for each, value in zip(columns, values, strict=True)}
    return TableRow(key, {part: named[part] for part in table.key}, named)
