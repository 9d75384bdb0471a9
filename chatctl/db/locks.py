"""Locks of a database that mean something to chatctl alone: who comes second waits, and can say for whom."""

from __future__ import annotations

from psycopg.pq import TransactionStatus
from psycopg.rows import dict_row

from chatctl.db.connection import Connection
from chatctl.db.files import query

POLL_SECONDS = 0.1


def taken(conn: Connection, key: int) -> bool:
    """Whether the session has the lock now; it keeps it until it is given back."""
    return bool(conn.execute("select pg_try_advisory_lock(%s)", (key,)).fetchall()[0][0])


def taken_for_transaction(conn: Connection, key: int) -> bool:
    """Whether the transaction has the lock now; it ends with it."""
    return bool(conn.execute("select pg_try_advisory_xact_lock(%s)", (key,)).fetchall()[0][0])


def give_back(conn: Connection, key: int) -> None:
    """Give back what the session has taken."""
    if _is_free(conn):
        conn.execute("select pg_advisory_unlock(%s)", (key,))


def give_back_all(conn: Connection) -> None:
    """Give back everything that the session has taken."""
    if _is_free(conn):
        conn.execute("select pg_advisory_unlock_all()")


def holder(conn: Connection, key: int) -> str:
    """Who holds the lock, for people."""
    with conn.cursor(row_factory=dict_row, binary=True) as cursor:
        found = cursor.execute(query("locks/holder"), {"key": key}).fetchone()
    if found is None:
        return "it has just ended"
    # Since when is shown to its own role and to monitors only.
    since = f", since {found['since']:%H:%M:%S} UTC" if found["since"] else ""
    return f"pid {found['pid']}, {found['application_name']}, as {found['usename']}{since}"


def _is_free(conn: Connection) -> bool:
    # After Ctrl-C a statement may still run; closing the connection then gives the locks back.
    return conn.info.transaction_status in (TransactionStatus.IDLE, TransactionStatus.INTRANS)
