"""Advisory locks: one task of a kind at a time in a database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from math import inf

from psycopg.pq import TransactionStatus
from psycopg.rows import dict_row

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.waiting import until

_POLL_SECONDS = 0.1
_POLLS_PER_MESSAGE = 100


@dataclass(frozen=True)
class AdvisoryLock:
    """An advisory lock under which only one ``task`` runs at a time.

    The session holds it until it is released; with ``transaction``, until the transaction ends.
    """

    key: int
    task: str  # for messages: "migration"
    transaction: bool = False

    def acquire(
        self, conn: Connection, *, seconds: float = inf, on_wait: Callable[[str], None] | None = None
    ) -> bool:
        """Whether the lock was acquired within ``seconds``.

        While another task holds it, ``on_wait`` gets a message with its holder at once and every ten seconds.
        """
        polls = count()

        def try_once() -> bool:
            acquired = self.try_acquire(conn)
            if not acquired and on_wait and next(polls) % _POLLS_PER_MESSAGE == 0:
                on_wait(f"waiting for another {self.task}: {self.holder(conn)}")
            return acquired

        # Poll instead of waiting inside PostgreSQL: a waiting statement holds a snapshot, for which
        # CREATE INDEX CONCURRENTLY would wait in turn, and statement_timeout would cancel it.
        return until(try_once, seconds=seconds, every=_POLL_SECONDS)

    def try_acquire(self, conn: Connection) -> bool:
        """Acquire the lock if it is free; returns whether it was."""
        statement = (
            "select pg_try_advisory_xact_lock(%s)" if self.transaction else "select pg_try_advisory_lock(%s)"
        )
        return bool(conn.execute(statement, (self.key,)).fetchall()[0][0])

    def release(self, conn: Connection) -> None:
        """Release the lock that the session holds."""
        if _can_execute(conn):
            conn.execute("select pg_advisory_unlock(%s)", (self.key,))

    def still_busy(self, conn: Connection, seconds: float) -> str:
        """The message for a lock that another task has held for ``seconds``."""
        return f"another {self.task} is still running after {seconds:g} s: {self.holder(conn)}"

    def holder(self, conn: Connection) -> str:
        """The holder of the lock, for messages."""
        with conn.cursor(row_factory=dict_row, binary=True) as cursor:
            session = cursor.execute(query("locks/holder"), {"key": self.key}).fetchone()
        if session is None:
            return "it has just ended"
        # The start time is visible only to the same role and to members of pg_monitor.
        since = f", since {session['since']:%H:%M:%S} UTC" if session["since"] else ""
        return f"pid {session['pid']}, {session['application_name']}, as {session['usename']}{since}"


def release_all(conn: Connection) -> None:
    """Release every advisory lock that the session holds."""
    if _can_execute(conn):
        conn.execute("select pg_advisory_unlock_all()")


def _can_execute(conn: Connection) -> bool:
    # After Ctrl-C a statement may still run; closing the connection then releases the locks.
    return conn.info.transaction_status in (TransactionStatus.IDLE, TransactionStatus.INTRANS)
