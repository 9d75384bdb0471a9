"""The transaction of an audit: one at a time in a database, impatient with locks, and always rolled back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.db.locks import AdvisoryLock
from chatctl.db.sqlstate import reason
from chatctl.errors import Inconclusive, Invalid

# hashtextextended('chatctl audit', 0)
_AUDIT = AdvisoryLock(-1_333_860_889_745_199_648, "audit", transaction=True)
_TURN_SECONDS = 20


@contextmanager
def undone(conn: Connection) -> Iterator[None]:
    """A transaction that is rolled back. Raises Inconclusive when something it needs stays locked."""
    with _patience(), conn.transaction(force_rollback=True):
        conn.execute(query("audit/limits").encode())
        _wait_for_others(conn)
        with asserted(conn, "SQL of access.yaml"):
            yield


@contextmanager
def asserted(conn: Connection, what: str) -> Iterator[None]:
    """Raise Invalid where ``what`` ends the transaction inside, or changes the session user."""
    before = _whose(conn)
    yield
    if _whose(conn) != before:
        raise Invalid(
            f"{what} has ended the transaction of the audit, or changed the session user",
            hint="what it did before that may be in the database: look there, and take the statement out",
        )


def _whose(conn: Connection) -> tuple[str, ...]:
    return conn.execute("select pg_current_xact_id()::text, session_user::text").fetchall()[0]


def _wait_for_others(conn: Connection) -> None:
    """Until no other audit runs: each makes schemas of the same names."""
    if not _AUDIT.acquire(conn, seconds=_TURN_SECONDS):
        raise Inconclusive(
            _AUDIT.still_busy(conn, _TURN_SECONDS), hint="run it again when that one has ended"
        )


@contextmanager
def _patience() -> Iterator[None]:
    try:
        yield
    except (psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled) as error:
        raise Inconclusive(
            f"the audit gave up: {reason(error)} [{error.sqlstate}]",
            hint="try again when nothing holds locks",
        ) from error
