"""The temporary schemas of an audit, in the caller's transaction: names, identities and copies of rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from chatctl.db.connection import Connection
from chatctl.db.files import sql_statement
from chatctl.db.sqlstate import is_temporary, presentable, reason
from chatctl.errors import Inconclusive, Invalid
from chatctl.services.audit.access.clauses import raw_sql
from chatctl.services.audit.access.expectations import Access, Identity
from chatctl.services.audit.stage.claims import claims_sql

_LEFT_BEHIND = (
    "they were left behind, with their rows, by an audit whose fixture committed: "
    "drop schema if exists chatctl_audit, chatctl_names, chatctl_fixture, chatctl_live cascade"
)


def prepare(conn: Connection, access: Access) -> None:
    """Create the schemas and set the search path. Raises Inconclusive when that fails."""
    with inconclusive_on_error("the audit's schema cannot be created"):
        conn.execute(sql_statement("audit/prepare").encode())
        for name, value in {**access.api.settings, "search_path": search_path(access)}.items():
            conn.execute("select set_config(%s, %s, true)", (name, value))


def execute_single(conn: Connection, statement: sql.SQL | sql.Composed) -> psycopg.Cursor[tuple[Any, ...]]:
    """Run a statement that contains SQL from access.yaml; a second statement in it is an error."""
    # Binary results need the extended query protocol, which accepts one statement only.
    return conn.execute(statement, binary=True)


def define_relations(conn: Connection, access: Access) -> None:
    """Create a function for each relation. Raises Invalid when its SQL is not valid."""
    for head, body in access.relations.items():
        body_sql = sql.Literal(f"select coalesce(({body}), false)")
        with errors_at(access, f"relations.{head}"):
            execute_single(
                conn,
                sql.SQL("create function chatctl_names.{} returns boolean language sql stable as {}").format(
                    raw_sql(head), body_sql
                ),
            )


def insert_identities(conn: Connection, access: Access) -> None:
    """Insert every identity with its position in access.yaml."""
    for position, identity in enumerate(access.identities):
        with errors_at(access, f"identities.{identity.name}"):
            _insert_identity(conn, access, identity, position)


def search_path(access: Access) -> str:
    """The search path for conditions: the copied rows, id(), then the tables themselves."""
    rows = "chatctl_live" if access.on_existing_data else "chatctl_fixture"
    return f"{rows}, chatctl_names, {access.api.search_path}"


@contextmanager
def prefer_samples(conn: Connection, access: Access) -> Iterator[None]:
    """Resolve unqualified names to the copied rows: whole tables have too many values to try."""
    if not access.on_existing_data:
        yield  # the copies come first already
        return
    conn.execute("select set_config('search_path', %s, true)", (f"chatctl_fixture, {search_path(access)}",))
    yield
    conn.execute("select set_config('search_path', %s, true)", (search_path(access),))


def snapshot(access: Access, name: str) -> sql.Identifier:
    """The copy of a table's rows. Of two tables with one name, the second keeps its schema in the name."""
    return sql.Identifier("chatctl_fixture", _relation_name(access, name))


def live_view(access: Access, name: str) -> sql.Identifier:
    """A view of the whole table, named as its copy."""
    return sql.Identifier("chatctl_live", _relation_name(access, name))


def names_by_id(conn: Connection) -> dict[str, str]:
    """The name that access.yaml and the fixture give to each uuid."""
    return dict(conn.execute("select id::text, name from chatctl_audit.names order by name").fetchall())


@contextmanager
def errors_at(access: Access, key: str) -> Iterator[None]:
    """Report an error of the database as one of this key of access.yaml."""
    try:
        yield
    except psycopg.errors.QueryCanceled as error:
        raise Inconclusive(f"{access.path.name}: {key}: {reason(error)} [{error.sqlstate}]") from error
    except psycopg.Error as error:
        if is_temporary(error):
            raise
        hint = error.diag.message_hint
        raise Invalid(
            f"{access.path.name}: {key}: {reason(error)} [{error.sqlstate}]",
            hint=presentable(hint) if hint else None,
        ) from error


@contextmanager
def inconclusive_on_error(what: str) -> Iterator[None]:
    """Raise Inconclusive with the message ``what`` when a statement inside fails."""
    try:
        yield
    except psycopg.Error as error:
        left_behind = isinstance(error, psycopg.errors.DuplicateSchema)
        hint = _LEFT_BEHIND if left_behind else "check that the database is migrated and nothing is locked"
        raise Inconclusive(f"{what}: {reason(error)} [{error.sqlstate}]", hint=hint) from error


def _relation_name(access: Access, name: str) -> str:
    short = name.split(".", 1)[1]
    first = next(table.name for table in access.tried_tables if table.name.split(".", 1)[1] == short)
    return short if first == name else name


def _insert_identity(conn: Connection, access: Access, identity: Identity, position: int) -> None:
    # The user that policies should see; null for claims without one.
    user = sql.Literal(identity.user)
    actor = sql.SQL("id({})").format(user) if identity.user else sql.SQL("null")
    execute_single(
        conn,
        sql.SQL(
            "insert into chatctl_audit.identities (position, identity, role, actor, trusted, claims) "
            "select {}, {}, {}, {}, {}, {}"
        ).format(
            sql.Literal(position),
            sql.Literal(identity.name),
            sql.Literal(identity.role),
            actor,
            sql.Literal(identity.role in access.api.trusted),
            claims_sql(identity),
        ),
    )
