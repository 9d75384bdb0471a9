"""Locks that never hurt traffic: what cannot be had in time is given up, rolled back and tried again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from chatctl.db.connection import Connection, backend_pid, connect, url_of
from chatctl.db.files import query
from chatctl.errors import ChatctlError, Conflict

# Above PostgreSQL's deadlock_timeout of 1 s, after which an autovacuum that is in the way is cancelled.
LOCK_TIMEOUT = 1.5  # seconds
DEADLINE = 60.0  # seconds

_LOOK_SECONDS = 0.05
_GIVEN_UP = (
    psycopg.errors.LockNotAvailable,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
)

T = TypeVar("T")


@dataclass(frozen=True)
class Blocker:
    """Who keeps us from a lock; ``relation`` and ``mode`` are null when it is not one of a table."""

    relation: str | None
    mode: str | None
    pid: int
    application_name: str
    usename: str | None
    backend_type: str
    state: str | None
    since: datetime | None
    query: str

    def __str__(self) -> str:
        what = self.relation or "a lock"
        who = ", ".join(filter(None, (self.application_name or self.backend_type, self.usename, self.state)))
        since = f", since {self.since.astimezone(UTC):%H:%M:%S} UTC" if self.since else ""
        return f"{what} is held by pid {self.pid} ({who}{since}): {' '.join(self.query.split())}"


class Watch:
    """Sees from a second connection who keeps ``conn`` from a lock; ``last`` is who did so last.

    That connection is opened only when the block takes long enough for somebody to be in the way.
    """

    def __init__(
        self, conn: Connection, on_blocked: Callable[[Blocker], None] = lambda blocker: None
    ) -> None:
        self.last: Blocker | None = None
        self._on_blocked = on_blocked
        self._pid = backend_pid(conn)
        self._url = url_of(conn)
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, name="chatctl watch", daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join(timeout=1)

    def _look(self) -> None:
        if self._done.wait(2 * _LOOK_SECONDS):
            return
        try:
            with connect(self._url, application_name="chatctl watch") as conn:
                while not self._done.wait(_LOOK_SECONDS):
                    self._ask(conn)
        except (ChatctlError, psycopg.Error):
            return  # without its name the lock is waited for all the same

    def _ask(self, conn: Connection) -> None:
        with conn.cursor(row_factory=class_row(Blocker)) as cursor:
            blocker = cursor.execute(query("migrate/blockers"), {"pid": self._pid}).fetchone()
        if blocker is not None and (self.last is None or blocker.pid != self.last.pid):
            self._on_blocked(blocker)
        self.last = blocker or self.last


def patiently(
    conn: Connection,
    attempt: Callable[[Blocker | None], T],
    *,
    deadline: float,
    on_wait: Callable[[str], None],
    in_transaction: bool = True,
) -> T:
    """What ``attempt`` returns, called again with the last blocker whenever a lock was not to be had in time.

    It must be one transaction, or none at all, so that nothing is held between two tries. Waits longer from
    try to try, by chance, and says each time whom for. Raises Conflict after ``deadline`` seconds.
    """
    from tenacity import (  # noqa: PLC0415 - only a run that changes something needs it
        RetryCallState,
        Retrying,
        retry_if_exception_type,
        stop_before_delay,
        wait_random_exponential,
    )

    def tell(state: RetryCallState) -> None:
        pause = state.next_action.sleep if state.next_action else 0
        undone = "rolled back, " if in_transaction else ""
        on_wait(f"{_reason(state)}; {undone}again in {pause:.1f} s (try {state.attempt_number + 1})")

    def give_up(state: RetryCallState) -> Any:
        raise Conflict(
            f"gave up after {deadline:g} s and {state.attempt_number} tries: {_reason(state)}",
            hint="end that session or wait for it, or give more time with --deadline or --lock-timeout",
        ) from (state.outcome.exception() if state.outcome else None)

    def _reason(state: RetryCallState) -> str:
        error = state.outcome.exception() if state.outcome else None
        return str(watch.last) if watch.last else " ".join(str(error).split())

    def tell_blocked(blocker: Blocker) -> None:
        if not in_transaction:
            on_wait(f"waiting: {blocker}")

    with Watch(conn, tell_blocked) as watch:
        tries = Retrying(
            retry=retry_if_exception_type(_GIVEN_UP),
            wait=wait_random_exponential(multiplier=0.25, max=5, min=0.1),
            stop=stop_before_delay(deadline),
            before_sleep=tell,
            retry_error_callback=give_up,
        )
        result: T = tries(lambda: attempt(watch.last))
    return result


def limit(conn: Connection, seconds: float) -> None:
    """Give up any lock that is not had within ``seconds``, until the transaction ends."""
    conn.execute("select set_config('lock_timeout', %s, true)", (f"{round(seconds * 1000)}ms",))


def lock_first(conn: Connection, blocker: Blocker | None) -> None:
    """Take the lock that was not to be had before any other, so that nobody waits for us while we wait."""
    if blocker is None or blocker.relation is None or blocker.mode not in _MODES:
        return
    statement = sql.SQL("lock table {} in {} mode").format(
        sql.SQL(blocker.relation), sql.SQL(_MODES[blocker.mode])
    )
    try:
        with conn.transaction():
            conn.execute(statement)
    except (
        psycopg.errors.InsufficientPrivilege,
        psycopg.errors.WrongObjectType,
        psycopg.errors.UndefinedTable,
    ):
        return


_MODES = {
    "ShareUpdateExclusiveLock": "share update exclusive",
    "ShareLock": "share",
    "ShareRowExclusiveLock": "share row exclusive",
    "ExclusiveLock": "exclusive",
    "AccessExclusiveLock": "access exclusive",
}
