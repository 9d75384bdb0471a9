"""The transaction of an audit: one at a time in a database, with short lock timeouts, always rolled back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from chatctl.db.connection import Connection
from chatctl.db.files import sql_statement
from chatctl.db.locks import AdvisoryLock
from chatctl.db.sqlstate import reason
from chatctl.errors import Inconclusive, Invalid

# hashtextextended('chatctl audit', 0)
_AUDIT = AdvisoryLock(-1_333_860_889_745_199_648, "audit", transaction=True)
_TURN_SECONDS = 20


@contextmanager
def rolled_back(conn: Connection) -> Iterator[None]:
    """Run the block in a transaction that is rolled back. Raises Inconclusive on a timeout."""
    with _timeouts_as_inconclusive(), conn.transaction(force_rollback=True):
        conn.execute(sql_statement("audit/limits").encode())
        _wait_for_others(conn)
        with same_transaction(conn, "SQL of access.yaml"):
            yield


@contextmanager
def same_transaction(conn: Connection, what: str) -> Iterator[None]:
    """Raise Invalid if the block, named ``what``, ends the transaction or changes the session user."""
    before = _transaction_and_user(conn)
    yield
    if _transaction_and_user(conn) != before:
        raise Invalid(
            f"{what} has ended the transaction of the audit, or changed the session user",
            hint="its earlier changes may be committed: check the database, and remove the statement",
        )


def _transaction_and_user(conn: Connection) -> tuple[str, ...]:
    return conn.execute("select pg_current_xact_id()::text, session_user::text").fetchall()[0]


def _wait_for_others(conn: Connection) -> None:
    """Wait until no other audit runs, because all create schemas with the same names."""
    if not _AUDIT.acquire(conn, seconds=_TURN_SECONDS):
        raise Inconclusive(
            _AUDIT.still_busy(conn, _TURN_SECONDS), hint="run it again when that one has ended"
        )


@contextmanager
def _timeouts_as_inconclusive() -> Iterator[None]:
    try:
        yield
    except (psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled) as error:
        raise Inconclusive(
            f"the audit gave up: {reason(error)} [{error.sqlstate}]",
            hint="try again when nothing holds locks",
        ) from error
