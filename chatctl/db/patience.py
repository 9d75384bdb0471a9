"""Retrying transactions that time out while waiting for a lock."""

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

# Above PostgreSQL's deadlock_timeout of 1 s, after which a blocking autovacuum is canceled.
LOCK_TIMEOUT = 1.5  # seconds
DEADLINE = 60.0  # seconds

# lock_not_available, deadlock_detected, serialization_failure
_RETRYABLE = frozenset(("55P03", "40P01", "40001"))
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
    """Call ``attempt``, and again with the last blocker after each lock timeout; returns its result.

    ``attempt`` must be one transaction, whose lock waits are limited to ``lock_timeout`` seconds in total;
    or, with None, a statement that blocks nobody while it waits. Pauses with random exponential backoff, and
    reports the blocker to ``on_wait``. Raises Conflict with ``hint`` after ``deadline`` seconds.
    """
    from tenacity import (  # noqa: PLC0415 - only a run that changes something needs it
        RetryCallState,
        Retrying,
        retry_if_exception,
        stop_before_delay,
        wait_random_exponential,
    )

    def report(state: RetryCallState) -> None:
        pause = state.next_action.sleep if state.next_action else 0
        outcome = "rolled back, " if lock_timeout is not None else ""
        on_wait(f"{_reason(state)}; {outcome}retrying in {pause:.1f} s (attempt {state.attempt_number + 1})")

    def give_up(state: RetryCallState) -> Any:
        raise Conflict(
            f"gave up after {deadline:g} s and {state.attempt_number} attempts: {_reason(state)}",
            hint="\n".join(filter(None, (hint, last_error))),
        ) from (state.outcome.exception() if state.outcome else None)

    def _reason(state: RetryCallState) -> str:
        error = state.outcome.exception() if state.outcome else None
        return str(watch.last) if watch.last else presentable(" ".join(str(error).split()))

    def report_blocker(blocker: Blocker) -> None:
        if lock_timeout is None:
            on_wait(f"waiting: {blocker}")

    def is_retryable(error: BaseException) -> bool:
        sqlstate = _sqlstate(error)
        return sqlstate in _RETRYABLE or (watch.canceled and sqlstate == _CANCELED)

    last_error = ""  # names the file; a later attempt may time out before it gets there

    def try_once() -> T:
        nonlocal last_error
        watch.begin()
        try:
            return attempt(watch.last)
        except ChatctlError as error:
            last_error = str(error)
            raise

    with BlockerWatch(conn, inf if lock_timeout is None else lock_timeout, report_blocker) as watch:
        retrying = Retrying(
            retry=retry_if_exception(is_retryable),
            wait=wait_random_exponential(multiplier=0.25, max=5, min=0.1),
            stop=stop_before_delay(deadline),
            before_sleep=report,
            retry_error_callback=give_up,
        )
        result: T = retrying(try_once)
    return result


def _sqlstate(error: BaseException) -> str | None:
    cause = error.__cause__ if isinstance(error, ChatctlError) else error
    return cause.sqlstate if isinstance(cause, psycopg.Error) else None


def limit_lock_waits(conn: Connection, seconds: float, *, session: bool = False) -> None:
    """Set lock_timeout until the end of the transaction or of the ``session``."""
    milliseconds = f"{round(seconds * 1000)}ms"
    conn.execute("select set_config('lock_timeout', %s, %s)", (milliseconds, not session))


def lock_blocked_first(conn: Connection, blocker: Blocker | None) -> None:
    """Acquire the lock that timed out first, so that the transaction holds no other locks while it waits."""
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
