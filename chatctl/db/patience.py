"""Patience with locks: a statement that does not get one in time is rolled back and tried again."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any, TypeVar

import psycopg
from psycopg import sql

from chatctl.db.blockers import LOCK_MODES, Blocker, BlockerWatch
from chatctl.db.connection import Connection
from chatctl.db.sqlstate import presentable
from chatctl.errors import ChatctlError, Conflict

# Above PostgreSQL's deadlock_timeout of 1 s, after which an autovacuum that is in the way is cancelled.
LOCK_TIMEOUT = 1.5  # seconds
DEADLINE = 60.0  # seconds

# A lock that was not to be had, a deadlock, and what two transactions cannot both do.
_GIVEN_UP = frozenset(("55P03", "40P01", "40001"))
_CANCELED = "57014"

T = TypeVar("T")


def retry_lock_timeouts(
    conn: Connection,
    attempt: Callable[[Blocker | None], T],
    *,
    deadline: float,
    lock_timeout: float | None,
    on_wait: Callable[[str], None],
    hint: str,
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

    with BlockerWatch(conn, inf if lock_timeout is None else lock_timeout, tell_blocked) as watch:
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


def limit_lock_waits(conn: Connection, seconds: float, *, session: bool = False) -> None:
    """Give up any lock that is not had within ``seconds``, until the transaction or the ``session`` ends."""
    milliseconds = f"{round(seconds * 1000)}ms"
    conn.execute("select set_config('lock_timeout', %s, %s)", (milliseconds, not session))


def lock_blocked_first(conn: Connection, blocker: Blocker | None) -> None:
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
