"""What a database is, as PostgreSQL's catalogue tells it: everything that is ours, with its definition."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row, dict_row

from chatctl.db.connection import Connection
from chatctl.db.files import query, sql_statement
from chatctl.errors import ChatctlError, Unavailable
from chatctl.sqltext.statements import with_lf

# A file of sql/queries/drift each, in the order in which differences are told.
KINDS = (
    "schema", "type", "sequence", "table", "column", "constraint", "index", "view", "rule", "function",
    "trigger", "policy", "grant", "default_privilege", "publication", "published", "bucket",
)  # fmt: skip


@dataclass(frozen=True)
class Thing:
    """One thing of a database: its kind and name, which are unique together, and its definition.

    ``parents`` are the keys of what takes it along when it is dropped, without being asked (CASCADE): a
    table its columns, a column its indexes. What has to be dropped for its own sake has no parent there: a
    policy that reads a column is not the column's.
    """

    kind: str
    name: str
    parents: tuple[str, ...]
    definition: str

    @property
    def key(self) -> str:
        """How others name it as their parent, for example ``table public.messages``."""
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class CatalogueRow:
    """A row of one of the queries."""

    name: str
    parents: list[str]
    definition: str | None


def read(conn: Connection, *, version: int | None = None) -> list[Thing]:
    """Everything that is ours in the database of ``conn``, as of one moment; nothing is written.

    ``version`` is the major version of the database that it is to be compared with.
    Raises Unavailable when somebody changes the database meanwhile, or holds what has to be looked at.
    """
    try:
        return _read(conn, version or major(conn))
    except psycopg.errors.InternalError_ as error:
        # "cache lookup failed": for their words, pg_get_viewdef and the like look at the present.
        raise _changed_meanwhile() from error


def major(conn: Connection) -> int:
    """The major version of the server of ``conn``."""
    return conn.info.server_version // 10_000


def _read(conn: Connection, version: int) -> list[Thing]:
    with conn.transaction():
        conn.execute(sql_statement("drift/limits"))
        conn.execute(query("platform"))
        scope = _scope(conn)
        scope["version"] = min(major(conn), version)
        kinds = [kind for kind in KINDS if kind != "bucket" or scope["has_buckets"]]
        # In one go: a hosted database answers in a few hundredths of a second, seventeen times over.
        with conn.pipeline():
            cursors = [
                conn.cursor(row_factory=class_row(CatalogueRow)).execute(query(f"drift/{kind}"), scope)
                for kind in kinds
            ]
        return [
            Thing(kind.replace("_", " "), row.name, tuple(row.parents), _lines(row.definition))
            for kind, cursor in zip(kinds, cursors, strict=True)
            for row in cursor
        ]


def _scope(conn: Connection) -> dict[str, object]:
    with conn.cursor(row_factory=dict_row) as cursor:
        scope = cursor.execute(query("drift/scope")).fetchone()
    if scope is None:
        raise ChatctlError("the catalogue cannot be read")
    return scope


def _lines(definition: str | None) -> str:
    if definition is None:
        raise _changed_meanwhile()
    # A function's body has the line ends of the checkout that it was applied from.
    return with_lf(definition).rstrip("\n")


def _changed_meanwhile() -> Unavailable:
    return Unavailable("the database was changed while it was read; try again")
