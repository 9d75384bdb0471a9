"""Which way rows may go into this database: the fastest that its role is allowed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import psycopg
from psycopg.rows import class_row

from chatctl.db.connection import Connection
from chatctl.db.files import query, sql_statement
from chatctl.db.patience import limit_lock_waits
from chatctl.errors import Conflict, NotAllowed

# Whoever writes waits behind us while we wait for a lock.
PATIENCE = 10.0  # seconds


@dataclass(frozen=True)
class Path:
    """How rows go in, and why so.

    ``triggers``: switched off for the session (replica), or on our own tables (owner). ``users``: made by
    SQL, or by the Auth Admin API.
    """

    triggers: Literal["replica", "owner"]
    users: Literal["sql", "api"]
    owns_tables: bool

    def __str__(self) -> str:
        triggers = {
            "replica": "replica (triggers and foreign keys off by session_replication_role, checked after)",
            "owner": "owner (session_replication_role is refused: our tables' triggers off, foreign keys on)",
        }[self.triggers]
        return triggers if self.users == "sql" else f"{triggers}; users by the Auth Admin API"


@dataclass(frozen=True)
class _Rights:
    writes_auth: bool
    loads_tables: bool
    owns_tables: bool


def probe(conn: Connection, *, users: Literal["sql", "api"] | None = None, api: bool = False) -> Path:
    """The fastest path that this role is allowed; ``users`` insists on one way to make them.

    ``api``: whether the Auth Admin API can be asked. Raises NotAllowed when there is no way, Conflict when
    the tables of Auth are not as expected.
    """
    with conn.cursor(row_factory=class_row(_Rights)) as cursor:
        rights = cursor.execute(query("seed/rights")).fetchone()
    assert rights  # noqa: S101 - it always gives one row
    if not rights.loads_tables:
        raise NotAllowed(
            "this role may not load the backend's tables: row-level security holds, or it lacks a grant",
            hint="connect as postgres, or as another role with BYPASSRLS",
        )
    triggers = _triggers(conn, rights)
    if users != "api":
        users = _users(conn, rights, api=api and users is None)
    return Path(triggers, users, rights.owns_tables)


def _users(conn: Connection, rights: _Rights, *, api: bool) -> Literal["sql", "api"]:
    if not rights.writes_auth:
        if api:
            return "api"
        raise NotAllowed(
            "this role may not write auth.users",
            hint="connect as postgres, or give the target api_url and secret_key for the Auth Admin API",
        )
    missing = [name for (name,) in conn.execute(query("seed/missing_auth_columns"))]
    if missing and not api:
        raise Conflict(
            f"Auth's tables are older than this chatctl expects; they lack {', '.join(missing)}",
            hint="start Supabase Auth once, so that it migrates them",
        )
    return "api" if missing else "sql"


def _triggers(conn: Connection, rights: _Rights) -> Literal["replica", "owner"]:
    try:
        with conn.transaction(force_rollback=True):
            conn.execute("set local session_replication_role = replica")
    except psycopg.errors.InsufficientPrivilege:
        pass
    else:
        return "replica"
    if not rights.owns_tables:
        raise NotAllowed(
            "this role may neither switch triggers off for its session nor on the tables",
            hint="connect as postgres, or: grant set on parameter session_replication_role to <role>",
        )
    return "owner"


@contextmanager
def quiet(conn: Connection, path: Path) -> Iterator[None]:
    """No trigger of the backend fires on what this transaction does inside the block.

    Raises Conflict when that takes locks that others hold for longer than ``PATIENCE``.
    """
    if path.triggers == "replica":
        conn.execute("set local session_replication_role = replica")
        yield
        conn.execute("set local session_replication_role = origin")
        return
    _lock(conn)
    triggers = conn.execute(query("seed/triggers")).fetchall()
    for switch_off, _ in triggers:
        conn.execute(switch_off)
    yield
    for _, switch_on in triggers:
        conn.execute(switch_on)


def _lock(conn: Connection) -> None:
    limit_lock_waits(conn, PATIENCE)
    try:
        conn.execute(sql_statement("seed/lock_triggered"))
    except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
        raise Conflict(
            f"others held the tables for {PATIENCE:g} s, and triggers cannot be switched off meanwhile",
            hint="what is there stays; run it again when nobody writes",
        ) from None
