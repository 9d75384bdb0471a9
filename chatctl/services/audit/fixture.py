"""The world that is looked at: made inside the caller's transaction, and gone with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql
from psycopg.rows import class_row

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.errors import Inconclusive, Invalid
from chatctl.services.audit.expectations import Access, Table
from chatctl.services.audit.room import define_relations, introduce, needed, prepare, snapshot
from chatctl.services.audit.sqltext import column, key_text, relation, written


@dataclass(frozen=True)
class Column:
    """A column of a table; ``refers`` when a foreign key starts there."""

    name: str
    type: str
    generated: bool
    refers: bool


@dataclass(frozen=True)
class Row:
    """A row of the fixture: its key as one text and by column, and every column as text."""

    key: str
    keys: Mapping[str, str]
    values: Mapping[str, str | None]


@dataclass(frozen=True)
class Content:
    """The columns of a table and its rows in the fixture."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


def make(conn: Connection, access: Access) -> dict[str, Content]:
    """Make the fixture; what every table of access.yaml holds of it.

    Raises Inconclusive when it cannot be made, Invalid when a relation of access.yaml is no SQL.
    """
    prepare(conn, access)
    if access.fixture is None:
        raise Inconclusive(f"{access.path.name} names no fixture; nothing would be proved")
    with needed(f"{access.fixture.name} fails"):
        conn.execute(access.fixture.read_bytes())
    contents = {table.name: _take(conn, table, access) for table in access.tried_tables}
    define_relations(conn, access)
    introduce(conn, access)
    return contents


def take_again(conn: Connection, access: Access, before: Mapping[str, Content]) -> dict[str, Content]:
    """What every table holds of the fixture now, which is not what it held ``before``."""
    return {
        table.name: Content(before[table.name].columns, _take_again(conn, table, access, before[table.name]))
        for table in access.tried_tables
    }


def _take(conn: Connection, table: Table, access: Access) -> Content:
    columns = _columns(conn, table.name)
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
        return Content(columns, ())
    copy = snapshot(access, table.name)
    with needed(f"the fixture's rows of {table.name} cannot be read"):
        conn.execute(sql.SQL("create unlogged table {} as {}").format(copy, _made(conn, table)))
    rows = _rows(conn, table, copy, columns)
    if not rows:
        raise Inconclusive(f"the fixture makes no row of {table.name}; nothing would be proved")
    return Content(columns, rows)


def _take_again(conn: Connection, table: Table, access: Access, before: Content) -> tuple[Row, ...]:
    if table.rows:
        return ()
    copy = snapshot(access, table.name)
    conn.execute(sql.SQL("delete from {}").format(copy))
    conn.execute(sql.SQL("insert into {} {}").format(copy, _made(conn, table)))
    return _rows(conn, table, copy, before.columns)


def _made(conn: Connection, table: Table) -> sql.Composable:
    """The query for the rows of the fixture."""
    schema, name = table.name.split(".", 1)
    query = sql.SQL("select * from {}").format(sql.Identifier(schema, name))
    if not _stored(conn, table.name):  # a view has no such mark, and is taken whole
        return query
    # Under REPEATABLE READ no later transaction is visible: what is not older than this one is its own.
    return query + sql.SQL(" where age(xmin) <= age(pg_current_xact_id()::xid)")


def _stored(conn: Connection, name: str) -> bool:
    found = conn.execute(
        "select relkind in ('r', 'p') from pg_catalog.pg_class where oid = to_regclass(%s)", (relation(name),)
    ).fetchone()
    return bool(found and found[0])


def _columns(conn: Connection, name: str) -> tuple[Column, ...]:
    with conn.cursor(row_factory=class_row(Column)) as cursor:
        return tuple(cursor.execute(query("audit/columns"), {"relation": relation(name)}).fetchall())


def _rows(conn: Connection, table: Table, copy: sql.Identifier, columns: Sequence[Column]) -> tuple[Row, ...]:
    listed = ", ".join(f"this.{column(each.name)}::text" for each in columns)
    found = conn.execute(
        sql.SQL("select {}, array[{}] from {} this order by 1").format(
            written(key_text(table.key)), written(listed), copy
        )
    )
    return tuple(_row(table, columns, key, values) for key, values in found)


def _row(table: Table, columns: Sequence[Column], key: str, values: list[Any]) -> Row:
    named = {each.name: value for each, value in zip(columns, values, strict=True)}
    return Row(key, {part: named[part] for part in table.key}, named)
