"""What the tables hold that an audit looks at: a copy of it in the room, for conditions and as Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from psycopg import sql
from psycopg.rows import dict_row

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.errors import Inconclusive, Invalid
from chatctl.services.audit.access.clauses import key_text, written
from chatctl.services.audit.access.expectations import Access, Table
from chatctl.services.audit.stage.workspace import needed, snapshot
from chatctl.sqltext.quoting import column, relation


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a table.

    ``refers`` when a foreign key starts there, ``target`` the table of one that has no other column;
    ``is_unique`` when it is part of something unique. ``checks`` are the conditions of its CHECK constraints,
    ``choices`` values that its type or they show.
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
class Row:
    """A row on the stage: its key as one text and by column, and every column as text."""

    key: str
    keys: Mapping[str, str]
    values: Mapping[str, str | None]


@dataclass(frozen=True)
class Content:
    """The columns of a table and its rows on the stage; ``kind`` is its relkind.

    ``whole`` when a write that names no row is meant to reach no others.
    """

    kind: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    whole: bool = True


def take(conn: Connection, access: Access, table: Table, rows: sql.Composable) -> Content:
    """Copy what the query ``rows`` brings of ``table``.

    Raises Inconclusive when there is no such table, Invalid when access.yaml names a column that it has not.
    """
    kind, columns = _columns(conn, table.name)
    if not columns:
        raise Inconclusive(
            f"{access.path.name} names table {table.name}, which the database has not",
            hint="run `chatctl migrate` first",
        )
    known = {each.name for each in columns}
    inserted = table.insert.values if table.insert else {}
    for name in (*table.key, *table.update, *inserted):
        if name not in known:
            raise Invalid(f"{access.path.name}: tables.{table.name} names column {name}, which is not there")
    if table.rows:  # a view that knows its caller has no rows of its own
        return Content(kind, columns, ())
    copy = snapshot(access, table.name)
    with needed(f"the rows of {table.name} cannot be read"):
        conn.execute(sql.SQL("create unlogged table {} as {}").format(copy, rows))
    return Content(kind, columns, _rows(conn, access, table, columns))


def take_again(
    conn: Connection, access: Access, table: Table, *, rows: sql.Composable, before: Content
) -> Content:
    """Copy it once more, in place of what was there ``before``."""
    if table.rows:
        return before
    copy = snapshot(access, table.name)
    conn.execute(sql.SQL("delete from {}").format(copy))
    conn.execute(sql.SQL("insert into {} {}").format(copy, rows))
    return replace(before, rows=_rows(conn, access, table, before.columns))


def _columns(conn: Connection, name: str) -> tuple[str, tuple[Column, ...]]:
    """The kind of a table, and its columns."""
    with conn.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(query("audit/columns"), {"relation": relation(name)}).fetchall()
    kinds = {row.pop("kind") for row in found}
    return "".join(kinds), tuple(Column(**row) for row in found)


def _rows(conn: Connection, access: Access, table: Table, columns: Sequence[Column]) -> tuple[Row, ...]:
    listed = ", ".join(f"this.{column(each.name)}::text" for each in columns)
    found = conn.execute(
        sql.SQL("select {}, array[{}] from {} this order by 1").format(
            written(key_text(table.key)), written(listed), snapshot(access, table.name)
        )
    )
    return tuple(_row(table, columns, key, values) for key, values in found)


def _row(table: Table, columns: Sequence[Column], key: str, values: list[Any]) -> Row:
    named = {each.name: value for each, value in zip(columns, values, strict=True)}
    return Row(key, {part: named[part] for part in table.key}, named)
