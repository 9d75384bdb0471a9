"""One migration at a time: a lock of the database, and who holds it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from chatctl.db.connection import Connection
from chatctl.db.locks import AdvisoryLock, release_all
from chatctl.db.pooler import refuse_shared_session
from chatctl.errors import Conflict

MIGRATION = AdvisoryLock(7_232_615_413_094_158, "migration")  # "chatctl" as a number
# What to do about a session that keeps a migration from a lock of a table.
BLOCKED_HINT = "end that session or wait for it, or give more time with --deadline or --lock-timeout"


@contextmanager
def held(conn: Connection, deadline: float, on_wait: Callable[[str], None]) -> Iterator[None]:
    """Hold the migration lock of the database; wait up to ``deadline`` seconds, telling whom for.

    Raises Conflict, naming the holder, when it stays busy.
    """
    refuse_shared_session(conn)
    if not MIGRATION.acquire(conn, seconds=deadline, on_wait=on_wait):
        raise Conflict(
            MIGRATION.still_busy(conn, deadline), hint="wait for it, or give more time with --deadline"
        )
    try:
        yield
    finally:
        # With those that files have taken, as at the end of a session of their own.
        release_all(conn)


def regain(conn: Connection) -> None:
    """Take the lock once more, since a file may have given up all locks of the session.

    Raises Conflict, naming the holder, when another migration has it now.
    """
    if not MIGRATION.try_acquire(conn):
        raise lost(conn)


def lost(conn: Connection) -> Conflict:
    """The error for a migration that another one has overtaken."""
    return Conflict(
        f"a file has given up the lock of the migration, and another one runs: {MIGRATION.holder(conn)}",
        hint="migrate again when it has ended; leave pg_advisory_unlock_all() and `discard all` out of files",
    )
