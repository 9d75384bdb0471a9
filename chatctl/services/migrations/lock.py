"""One migration at a time: a lock of the database, and who holds it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from psycopg.rows import dict_row

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.errors import Unavailable

_LOCK_KEY = 7_232_615_413_094_158  # "chatctl" as a number: one lock for all migrations of a database
_POLL_SECONDS = 0.1


@contextmanager
def held(conn: Connection, deadline: float) -> Iterator[None]:
    # Polled, never waited for: a session that waits inside PostgreSQL holds a snapshot, and an index that is
    # built concurrently would wait for that snapshot in turn.
    give_up = time.monotonic() + deadline
    while not _taken(conn):
        if time.monotonic() > give_up:
            raise Unavailable(
                f"another migration still runs after {deadline:.0f} s: {_holder(conn)}",
                hint="wait for it, or give more time with --deadline",
            )
        time.sleep(_POLL_SECONDS)
    try:
        yield
    finally:
        if not conn.closed and not conn.broken:
            conn.execute("select pg_advisory_unlock(%s)", (_LOCK_KEY,))


def _holder(conn: Connection) -> str:
    with conn.cursor(row_factory=dict_row) as cursor:
        holder = cursor.execute(query("migrate/lock_holder"), {"key": _LOCK_KEY}).fetchone()
    if holder is None:
        return "it has just ended"
    return "pid {pid}, {application_name}, as {usename}, since {since:%H:%M:%S}".format(**holder)


def _taken(conn: Connection) -> bool:
    row = conn.execute("select pg_try_advisory_lock(%s)", (_LOCK_KEY,)).fetchone()
    return bool(row and row[0])
