"""The world that is looked at: made inside the caller's transaction, and gone with it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.errors import Inconclusive, Invalid
from chatctl.services.audit.expectations import Access, Identity, Table
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
    with _needed("the audit's schema cannot be made"):
        conn.execute(query("audit/prepare").encode())
    with _needed(f"{access.fixture.name} fails"):
        conn.execute(access.fixture.read_bytes())
    contents = {table.name: _take(conn, table, access) for table in access.tables}
    for head, body in access.relations.items():
        answer = sql.Literal(f"select coalesce(({body}), false)")
        with reading(access, f"relations.{head}"):
            conn.execute(
                sql.SQL("create function chatctl_audit.{} returns boolean language sql stable as {}").format(
                    written(head), answer
                )
            )
    for position, identity in enumerate(access.identities):
        with reading(access, f"identities.{identity.name}"):
            _introduce(conn, access, identity, position)
    return contents


def names(conn: Connection) -> dict[str, str]:
    """What the fixture calls each uuid."""
    return dict(conn.execute("select id::text, name from chatctl_audit.names order by name").fetchall())


def token(identity: Identity) -> sql.Composable:
    """SQL for the claims of ``identity``, with id() in reach; null leaves them unset."""
    if identity.raw is not None:
        return written(identity.raw)
    if identity.user is None:
        return sql.Literal(json.dumps({"role": identity.role, **identity.claims}))
    more = json.dumps({"role": identity.role, "aud": identity.role, **identity.claims})
    return sql.SQL("(jsonb_build_object('sub', id({})) || {})::text").format(
        sql.Literal(identity.user), sql.Literal(more)
    )


@contextmanager
def reading(access: Access, key: str) -> Iterator[None]:
    """Name the key of access.yaml whose SQL the database refuses inside."""
    try:
        yield
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        said = error.diag.message_primary or str(error)
        raise Invalid(
            f"{access.path.name}: {key}: {said} [{error.sqlstate}]", hint=error.diag.message_hint
        ) from error


@contextmanager
def _needed(what: str) -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        said = error.diag.message_primary or " ".join(str(error).split())
        raise Inconclusive(
            f"{what}: {said} [{error.sqlstate}]", hint="is the database migrated, and nothing locked?"
        ) from error


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
    short = table.name.split(".", 1)[1]
    with _needed(f"the fixture's rows of {table.name} cannot be read"):
        # Under REPEATABLE READ no later transaction is visible: what is not older than this one is its own.
        conn.execute(
            sql.SQL(
                "create table chatctl_audit.{} as select * from {} "
                "where age(xmin) <= age(pg_current_xact_id()::xid)"
            ).format(sql.Identifier(short), sql.Identifier(*table.name.split(".", 1)))
        )
    rows = _rows(conn, table, short, columns)
    if not rows:
        raise Inconclusive(f"{access.fixture.name} makes no row of {table.name}; nothing would be proved")
    return Content(columns, rows)


def _columns(conn: Connection, name: str) -> tuple[Column, ...]:
    with conn.cursor(row_factory=class_row(Column)) as cursor:
        return tuple(cursor.execute(query("audit/columns"), {"relation": relation(name)}).fetchall())


def _rows(conn: Connection, table: Table, short: str, columns: Sequence[Column]) -> tuple[Row, ...]:
    listed = ", ".join(f"this.{column(each.name)}::text" for each in columns)
    found = conn.execute(
        sql.SQL("select {}, array[{}] from chatctl_audit.{} this order by 1").format(
            written(key_text(table.key)), written(listed), sql.Identifier(short)
        )
    )
    return tuple(_row(table, columns, key, values) for key, values in found)


def _row(table: Table, columns: Sequence[Column], key: str, values: list[Any]) -> Row:
    named = {each.name: value for each, value in zip(columns, values, strict=True)}
    return Row(key, {part: named[part] for part in table.key}, named)


def _introduce(conn: Connection, access: Access, identity: Identity, position: int) -> None:
    # The user that policies should see: that of the claims, unless they name nobody.
    user = sql.Literal(identity.user)
    actor = sql.SQL("id({})").format(user) if identity.user else sql.SQL("null")
    conn.execute(
        sql.SQL(
            "insert into chatctl_audit.identities (position, identity, role, actor, trusted, claims) "
            "select {}, {}, {}, {}, {}, {}"
        ).format(
            sql.Literal(position),
            sql.Literal(identity.name),
            sql.Literal(identity.role),
            actor,
            sql.Literal(identity.role in access.api.trusted),
            token(identity),
        )
    )
