"""One seed at a time in a database, and however long it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf

from psycopg.pq import TransactionStatus

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.local.waiting import until

_LOCK_KEY = 2_532_670_223_462_061_098  # hashtextextended('chatctl seed', 0)
_POLL_SECONDS = 0.1


@contextmanager
def seeding(conn: Connection, on_wait: Callable[[str], None] = lambda why: None) -> Iterator[None]:
    """Nobody else seeds or takes a seed away inside the block; whoever comes second waits, and says so once.

    From then on no time-out of the role ends what takes long in this session.
    """
    if not _taken(conn):
        on_wait(f"waiting for another seed: {_holder(conn)}")
        # Polled, never waited for: a session that waits inside PostgreSQL holds a snapshot, and an index that
        # a migration builds concurrently would wait for that snapshot in turn; and a time-out would end it.
        until(lambda: _taken(conn), seconds=inf, every=_POLL_SECONDS)
    conn.execute(query("seed/no_time_outs"))
    try:
        yield
    finally:
        # After Ctrl-C a statement may still run; closing the connection then gives the lock back.
        if conn.info.transaction_status in (TransactionStatus.IDLE, TransactionStatus.INTRANS):
            conn.execute("select pg_advisory_unlock(%s)", (_LOCK_KEY,))


def _taken(conn: Connection) -> bool:
    row = conn.execute("select pg_try_advisory_lock(%s)", (_LOCK_KEY,)).fetchone()
    return bool(row and row[0])


def _holder(conn: Connection) -> str:
    row = conn.execute(query("migrate/lock_holder"), {"key": _LOCK_KEY}).fetchone()
    return f"pid {row[0]}, {row[1]}, as {row[2]}" if row else "it has just ended"
