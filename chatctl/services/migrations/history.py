"""What a database has had: the history that chatctl shares with the Supabase CLI, and what it knows more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chatctl.db.connection import Connection
from chatctl.db.files import query


@dataclass(frozen=True)
class Applied:
    """A version that a database has had; the last two are None when another tool applied it."""

    version: str
    name: str
    statements: list[str]
    applied_at: datetime | None = None
    applied_by: str | None = None


def applied(conn: Connection) -> list[Applied]:
    """The versions that the database has had, oldest first; none when there is no history."""
    if not _exists(conn, "schema_migrations"):
        return []
    own = {}
    if _exists(conn, "chatctl_migrations"):
        own = {version: (at, by) for version, at, by in conn.execute(query("migrate/details"))}
    return [
        Applied(version, name, statements, *own.get(version, (None, None)))
        for version, name, statements in conn.execute(query("migrate/applied"))
    ]


def stated(conn: Connection) -> dict[str, str]:
    if not _exists(conn, "chatctl_objects"):
        return {}
    return dict(conn.execute(query("migrate/objects")).fetchall())


def _exists(conn: Connection, table: str) -> bool:
    return _scalar(conn, "select to_regclass('supabase_migrations.' || %s::text)", table) is not None


def _scalar(conn: Connection, statement: str, *values: object) -> object:
    row = conn.execute(statement.encode(), values or None).fetchone()
    return row[0] if row else None
