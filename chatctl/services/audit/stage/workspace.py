"""The room in the caller's transaction where an audit works: schemas that go with it, names, and people."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.db.sqlstate import is_temporary, presentable, reason
from chatctl.errors import Inconclusive, Invalid
from chatctl.services.audit.access.clauses import written
from chatctl.services.audit.access.expectations import Access, Identity
from chatctl.services.audit.stage.claims import token

_LEFT_BEHIND = (
    "an audit whose fixture committed has left it, and its rows: "
    "drop schema if exists chatctl_audit, chatctl_names, chatctl_fixture, chatctl_live cascade"
)


def prepare(conn: Connection, access: Access) -> None:
    """Make the schemas and set the path of conditions. Raises Inconclusive when that cannot be done."""
    with needed("the audit's schema cannot be made"):
        conn.execute(query("audit/prepare").encode())
        for name, value in {**access.api.settings, "search_path": path(access)}.items():
            conn.execute("select set_config(%s, %s, true)", (name, value))


def single(conn: Connection, statement: sql.SQL | sql.Composed) -> psycopg.Cursor[tuple[Any, ...]]:
    """Run a statement with SQL of access.yaml in it, which stays one statement whatever that says."""
    # The protocol that brings answers in binary takes no second statement.
    return conn.execute(statement, binary=True)


def define_relations(conn: Connection, access: Access) -> None:
    """Make a function of each relation. Raises Invalid when one is no SQL."""
    for head, body in access.relations.items():
        answer = sql.Literal(f"select coalesce(({body}), false)")
        with reading(access, f"relations.{head}"):
            single(
                conn,
                sql.SQL("create function chatctl_names.{} returns boolean language sql stable as {}").format(
                    written(head), answer
                ),
            )


def introduce(conn: Connection, access: Access) -> None:
    """Write down everybody who is impersonated, each at the position in access.yaml."""
    for position, identity in enumerate(access.identities):
        with reading(access, f"identities.{identity.name}"):
            _introduce(conn, access, identity, position)


def path(access: Access) -> str:
    """The search path in which conditions find the fixture's rows, id() and the tables themselves."""
    rows = "chatctl_live" if access.on_existing_data else "chatctl_fixture"
    return f"{rows}, chatctl_names, {access.api.search_path}"


@contextmanager
def among_samples(conn: Connection, access: Access) -> Iterator[None]:
    """Let unqualified tables be the rows on the stage: to choose values, of which all would be too many."""
    if not access.on_existing_data:
        yield  # they are, always
        return
    conn.execute("select set_config('search_path', %s, true)", (f"chatctl_fixture, {path(access)}",))
    yield
    conn.execute("select set_config('search_path', %s, true)", (path(access),))


def snapshot(access: Access, name: str) -> sql.Identifier:
    """The copy of what the table holds; of two tables of one name the first is called so."""
    return sql.Identifier("chatctl_fixture", _called(access, name))


def live(access: Access, name: str) -> sql.Identifier:
    """The table itself by the name of its copy."""
    return sql.Identifier("chatctl_live", _called(access, name))


def names(conn: Connection) -> dict[str, str]:
    """What access.yaml and the fixture call each uuid."""
    return dict(conn.execute("select id::text, name from chatctl_audit.names order by name").fetchall())


@contextmanager
def reading(access: Access, key: str) -> Iterator[None]:
    """Name the key of access.yaml whose SQL the database refuses inside."""
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
def needed(what: str) -> Iterator[None]:
    """Raise Inconclusive with ``what`` when the database refuses something inside."""
    try:
        yield
    except psycopg.Error as error:
        left = isinstance(error, psycopg.errors.DuplicateSchema)
        hint = _LEFT_BEHIND if left else "is the database migrated, and nothing locked?"
        raise Inconclusive(f"{what}: {reason(error)} [{error.sqlstate}]", hint=hint) from error


def _called(access: Access, name: str) -> str:
    short = name.split(".", 1)[1]
    first = next(table.name for table in access.tried_tables if table.name.split(".", 1)[1] == short)
    return short if first == name else name


def _introduce(conn: Connection, access: Access, identity: Identity, position: int) -> None:
    # The user that policies should see: that of the claims, unless they name nobody.
    user = sql.Literal(identity.user)
    actor = sql.SQL("id({})").format(user) if identity.user else sql.SQL("null")
    single(
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
            token(identity),
        ),
    )
