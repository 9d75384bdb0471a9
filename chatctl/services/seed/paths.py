"""How rows are written: the fastest way that the role is allowed to use."""

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

# Other writers queue behind us while we wait for a lock.
PATIENCE = 10.0  # seconds


@dataclass(frozen=True)
class Path:
    """How rows are written.

    ``triggers``: disabled for the session (replica), or on our own tables (owner). ``users``: created with
    SQL, or with the Auth Admin API.
    """

    triggers: Literal["replica", "owner"]
    users: Literal["sql", "api"]
    owns_tables: bool

    def __str__(self) -> str:
        triggers = {
            "replica": "with triggers disabled for the session (replica); "
            "foreign keys are checked afterwards",
            "owner": "with triggers disabled on the tables (owner); foreign keys are checked for each row",
        }[self.triggers]
        return triggers if self.users == "sql" else f"{triggers}; users with the Auth Admin API"


@dataclass(frozen=True)
class _Rights:
    writes_auth: bool
    loads_tables: bool
    owns_tables: bool


def probe(conn: Connection, *, users: Literal["sql", "api"] | None = None, api: bool = False) -> Path:
    """The fastest path that this role is allowed to use; ``users`` forces one way to create users.

    ``api``: whether the Auth Admin API is available. Raises NotAllowed if there is no path, Conflict if the
    tables of Auth are not as expected.
    """
    with conn.cursor(row_factory=class_row(_Rights)) as cursor:
        rights = cursor.execute(query("seed/rights")).fetchone()
    assert rights  # noqa: S101 - it always gives one row
    if not rights.loads_tables:
        raise NotAllowed(
            "this role cannot load the backend's tables: row-level security applies, or a grant is missing",
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
            "this role cannot write to auth.users",
            hint="connect as postgres, or give the target api_url and secret_key for the Auth Admin API",
        )
    missing = [name for (name,) in conn.execute(query("seed/missing_auth_columns"))]
    if missing and not api:
        raise Conflict(
            f"the tables of Auth are too old for this chatctl; missing columns: {', '.join(missing)}",
            hint="start Supabase Auth once, so that it migrates its tables",
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
            "this role can disable triggers neither for its session nor on the tables",
            hint="connect as postgres, or: grant set on parameter session_replication_role to <role>",
        )
    return "owner"


@contextmanager
def triggers_disabled(conn: Connection, path: Path) -> Iterator[None]:
    """Disable the backend's triggers for this transaction inside the block.

    Raises Conflict if others hold the required locks for longer than ``PATIENCE``.
    """
    if path.triggers == "replica":
        conn.execute("set local session_replication_role = replica")
        yield
        conn.execute("set local session_replication_role = origin")
        return
    _lock(conn)
    triggers = conn.execute(query("seed/triggers")).fetchall()
    for disable, _ in triggers:
        conn.execute(disable)
    yield
    for _, enable in triggers:
        conn.execute(enable)


def _lock(conn: Connection) -> None:
    limit_lock_waits(conn, PATIENCE)
    try:
        conn.execute(sql_statement("seed/lock_triggered"))
    except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
        raise Conflict(
            f"cannot disable triggers: other sessions held locks on the tables for {PATIENCE:g} s",
            hint="run the same command again to continue when there are no writes",
        ) from None
