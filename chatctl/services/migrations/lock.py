"""The advisory lock that allows one migration at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from chatctl.db.connection import Connection
from chatctl.db.locks import AdvisoryLock, release_all
from chatctl.db.pooler import refuse_shared_session
from chatctl.errors import Conflict

MIGRATION = AdvisoryLock(7_232_615_413_094_158, "migration")  # "chatctl" as a number
# For a session that blocks a migration with a table lock.
BLOCKED_HINT = "end that session or wait for it, or increase --deadline or --lock-timeout"


@contextmanager
def held(conn: Connection, deadline: float, on_wait: Callable[[str], None]) -> Iterator[None]:
    """Hold the migration lock of the database inside the block; wait up to ``deadline`` seconds for it.

    Raises Conflict, naming the holder, if the wait times out.
    """
    refuse_shared_session(conn)
    if not MIGRATION.acquire(conn, seconds=deadline, on_wait=on_wait):
        raise Conflict(MIGRATION.still_busy(conn, deadline), hint="wait for it, or increase --deadline")
    try:
        yield
    finally:
        # Including the locks that files have taken, as at the end of a session.
        release_all(conn)


def reacquire(conn: Connection) -> None:
    """Acquire the lock again, because a file may have released all locks of the session.

    Raises Conflict, naming the holder, if another migration has acquired it.
    """
    if not MIGRATION.try_acquire(conn):
        raise lost_error(conn)


def lost_error(conn: Connection) -> Conflict:
    """The error if another migration acquired the lock after a file released it."""
    return Conflict(
        f"a file released the migration lock, and another migration acquired it: {MIGRATION.holder(conn)}",
        hint="run again when it has ended; do not use pg_advisory_unlock_all() or `discard all` in files",
    )
