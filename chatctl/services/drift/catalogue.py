"""The objects of a database and their definitions, read from PostgreSQL's catalogs."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row, dict_row

from chatctl.db.connection import Connection
from chatctl.db.files import query, sql_statement
from chatctl.errors import ChatctlError, Unavailable
from chatctl.sqltext.statements import with_lf

# One file of sql/queries/drift each, in the order in which differences are reported.
KINDS = (
    "schema", "type", "sequence", "table", "column", "constraint", "index", "view", "rule", "function",
    "trigger", "policy", "grant", "default_privilege", "publication", "published", "bucket",
)  # fmt: skip


@dataclass(frozen=True)
class SchemaObject:
    """One object of a database: its kind and name, unique together, and its definition.

    ``parents`` are the keys of the objects whose drop also drops it, without CASCADE: a table for its
    columns, a column for its indexes. An object that must be dropped separately has no such parent: a column
    is not a parent of the policies that read it.
    """

    kind: str
    name: str
    parents: tuple[str, ...]
    definition: str

    @property
    def key(self) -> str:
        """The key that other objects use in ``parents``, for example ``table public.messages``."""
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class CatalogueRow:
    """A row of one of the queries."""

    name: str
    parents: list[str]
    definition: str | None


def read(conn: Connection, *, version: int | None = None) -> list[SchemaObject]:
    """The objects of the database of ``conn`` in one snapshot, without those of the platform; read-only.

    ``version`` is the major version of the database to compare with.
    Raises Unavailable if the database is changed concurrently, or a required object is locked.
    """
    try:
        return _read(conn, version or major(conn))
    except psycopg.errors.InternalError_ as error:
        # "cache lookup failed": pg_get_viewdef and similar functions do not use the snapshot.
        raise _changed_concurrently() from error


def major(conn: Connection) -> int:
    """The major version of the server of ``conn``."""
    return conn.info.server_version // 10_000


def _read(conn: Connection, version: int) -> list[SchemaObject]:
    with conn.transaction():
        conn.execute(sql_statement("drift/limits"))
        conn.execute(query("platform"))
        scope = _scope(conn)
        scope["version"] = min(major(conn), version)
        kinds = [kind for kind in KINDS if kind != "bucket" or scope["has_buckets"]]
        # One pipeline instead of seventeen round trips.
        with conn.pipeline():
            cursors = [
                conn.cursor(row_factory=class_row(CatalogueRow)).execute(query(f"drift/{kind}"), scope)
                for kind in kinds
            ]
        return [
            SchemaObject(kind.replace("_", " "), row.name, tuple(row.parents), _lines(row.definition))
            for kind, cursor in zip(kinds, cursors, strict=True)
            for row in cursor
        ]


def _scope(conn: Connection) -> dict[str, object]:
    with conn.cursor(row_factory=dict_row) as cursor:
        scope = cursor.execute(query("drift/scope")).fetchone()
    if scope is None:
        raise ChatctlError("the catalogs cannot be read")
    return scope


def _lines(definition: str | None) -> str:
    if definition is None:
        raise _changed_concurrently()
    # A function's body has the line endings of the checkout that it was applied from.
    return with_lf(definition).rstrip("\n")


def _changed_concurrently() -> Unavailable:
    return Unavailable("the database was changed while it was read; try again")
