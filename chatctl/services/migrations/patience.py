"""Locks that never hurt traffic: what cannot be had in time is given up, rolled back and tried again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf
from typing import Any, TypeVar

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from chatctl.db.connection import Connection, backend_pid, connect, url_of
from chatctl.db.files import query
from chatctl.db.sqlstate import presentable
from chatctl.errors import ChatctlError, Conflict
from chatctl.settings import mask

# Above PostgreSQL's deadlock_timeout of 1 s, after which an autovacuum that is in the way is cancelled.
LOCK_TIMEOUT = 1.5  # seconds
DEADLINE = 60.0  # seconds

_LOOK_SECONDS = 0.05
_SHOWN_CHARACTERS = 200  # of a query
# A lock that was not to be had, a deadlock, and what two transactions cannot both do.
_GIVEN_UP = frozenset(("55P03", "40P01", "40001"))
_CANCELED = "57014"

# As pg_locks and as SQL call them, the weakest first. What reads and writes rows takes weaker ones, which are
# in nobody's way.
LOCK_MODES = {
    "ShareUpdateExclusiveLock": "share update exclusive",
    "ShareLock": "share",
    "ShareRowExclusiveLock": "share row exclusive",
    "ExclusiveLock": "exclusive",
    "AccessExclusiveLock": "access exclusive",
}

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
    deadlocked: bool

    def __str__(self) -> str:
        what = self.relation or "a lock"
        who = ", ".join(filter(None, (self.application_name or self.backend_type, self.usename, self.state)))
        since = f", since {self.since.astimezone(UTC):%H:%M:%S} UTC" if self.since else ""
        # Masked before it is cut: half a password would not be seen to be one.
        query = mask(" ".join(self.query.split()))[:_SHOWN_CHARACTERS]
        return f"{what} is held by pid {self.pid} ({who}{since}): {query}"


class Watch:
    """Sees from a second connection who keeps ``conn`` from a lock; ``last`` is who did so last.

    That connection is opened only when the block takes long enough for somebody to be in the way. It also
    ends a wait that hurts others: when all the waits of one try add up to more than ``at_most`` seconds, and
    when the blocker waits for us in turn, since PostgreSQL might end the blocker instead.
    """

    def __init__(
        self,
        conn: Connection,
        at_most: float = inf,
        on_blocked: Callable[[Blocker], None] = lambda blocker: None,
    ) -> None:
        self.last: Blocker | None = None
        self.ended = False
        self._at_most = at_most
        self._waited = 0.0
        self._looked = time.monotonic()
        self._on_blocked = on_blocked
        self._pid = backend_pid(conn)
        self._url = url_of(conn)
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, name="chatctl watch", daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def begin(self) -> None:
        """Another try begins: what was waited for in the one before does not count."""
        self.ended = False
        self._waited = 0.0
        self._looked = time.monotonic()

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
        with conn.cursor(row_factory=class_row(Blocker), binary=True) as cursor:
            blocker = cursor.execute(query("migrate/blockers"), {"pid": self._pid}).fetchone()
        now = time.monotonic()
        looked, self._looked = self._looked, now
        if blocker is None:
            return
        if self.last is None or blocker.pid != self.last.pid:
            self._on_blocked(blocker)
        self.last = blocker
        self._waited += now - looked
        if blocker.deadlocked or self._waited > self._at_most:
            self.ended = True
            conn.execute(query("migrate/cancel"), {"pid": self._pid})


def patiently(
    conn: Connection,
    attempt: Callable[[Blocker | None], T],
    *,
    deadline: float,
    lock_timeout: float | None,
    on_wait: Callable[[str], None],
    hint: str = "end that session or wait for it, or give more time with --deadline or --lock-timeout",
) -> T:
    """What ``attempt`` returns, called again with the last blocker whenever a lock was not to be had in time.

    It must be one transaction, which then waits for no more than ``lock_timeout`` seconds in all; or, with
    None, a statement that is in nobody's way while it waits. Waits longer from try to try, by chance, and
    says each time whom for. Raises Conflict with ``hint`` after ``deadline`` seconds.
    """
    from tenacity import (  # noqa: PLC0415 - only a run that changes something needs it
        RetryCallState,
        Retrying,
        retry_if_exception,
        stop_before_delay,
        wait_random_exponential,
    )

    def tell(state: RetryCallState) -> None:
        pause = state.next_action.sleep if state.next_action else 0
        undone = "rolled back, " if lock_timeout is not None else ""
        on_wait(f"{_reason(state)}; {undone}again in {pause:.1f} s (try {state.attempt_number + 1})")

    def give_up(state: RetryCallState) -> Any:
        raise Conflict(
            f"gave up after {deadline:g} s and {state.attempt_number} tries: {_reason(state)}",
            hint="\n".join(filter(None, (hint, wanted_by))),
        ) from (state.outcome.exception() if state.outcome else None)

    def _reason(state: RetryCallState) -> str:
        error = state.outcome.exception() if state.outcome else None
        return str(watch.last) if watch.last else presentable(" ".join(str(error).split()))

    def tell_blocked(blocker: Blocker) -> None:
        if lock_timeout is None:
            on_wait(f"waiting: {blocker}")

    def given_up(error: BaseException) -> bool:
        sqlstate = _sqlstate(error)
        return sqlstate in _GIVEN_UP or (watch.ended and sqlstate == _CANCELED)

    wanted_by = ""  # the file; later tries may not come so far

    def try_once() -> T:
        nonlocal wanted_by
        watch.begin()
        try:
            return attempt(watch.last)
        except ChatctlError as error:
            wanted_by = str(error)
            raise

    with Watch(conn, inf if lock_timeout is None else lock_timeout, tell_blocked) as watch:
        tries = Retrying(
            retry=retry_if_exception(given_up),
            wait=wait_random_exponential(multiplier=0.25, max=5, min=0.1),
            stop=stop_before_delay(deadline),
            before_sleep=tell,
            retry_error_callback=give_up,
        )
        result: T = tries(try_once)
    return result


def _sqlstate(error: BaseException) -> str | None:
    cause = error.__cause__ if isinstance(error, ChatctlError) else error
    return cause.sqlstate if isinstance(cause, psycopg.Error) else None


def limit(conn: Connection, seconds: float) -> None:
    """Give up any lock that is not had within ``seconds``, until the transaction ends."""
    conn.execute("select set_config('lock_timeout', %s, true)", (f"{round(seconds * 1000)}ms",))


def lock_first(conn: Connection, blocker: Blocker | None) -> None:
    """Take the lock that was not to be had before any other, so that nobody waits for us while we wait."""
    if blocker is None or blocker.relation is None or blocker.mode not in LOCK_MODES:
        return
    statement = sql.SQL("lock table {} in {} mode").format(
        sql.SQL(blocker.relation), sql.SQL(LOCK_MODES[blocker.mode])
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
