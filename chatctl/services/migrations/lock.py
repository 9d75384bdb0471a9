"""One migration at a time: a lock of the database, and who holds it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from psycopg.pq import TransactionStatus
from psycopg.rows import dict_row

from chatctl.db.connection import Connection, backend_pid, connection, parts_of, url_of
from chatctl.db.files import query
from chatctl.errors import Conflict, Invalid

_LOCK_KEY = 7_232_615_413_094_158  # "chatctl" as a number: one lock for all migrations of a database
_POLL_SECONDS = 0.1
_TELL_EVERY = 100  # polls
_TRANSACTION_POOLER_PORT = "6543"


def refuse_transaction_pooler(url: str) -> None:
    """Raise Invalid when ``url`` is that of Supabase's transaction pooler.

    It hands every transaction to another session, and the lock of this one would stay behind.
    """
    parts = parts_of(url)
    if _TRANSACTION_POOLER_PORT in str(parts.get("port")).split(","):
        raise _shared(f"port {_TRANSACTION_POOLER_PORT} of {parts.get('host')}", str(parts.get("host")))


@contextmanager
def held(conn: Connection, deadline: float, on_wait: Callable[[str], None]) -> Iterator[None]:
    """Hold the migration lock of the database; wait up to ``deadline`` seconds, telling whom for.

    Raises Conflict, naming the holder, when it stays busy.
    """
    _refuse_shared_session(conn)
    if not _taken(conn):
        _wait(conn, deadline, on_wait)
    try:
        yield
    finally:
        # After Ctrl-C a statement may still run; closing the connection then gives the lock back.
        if conn.info.transaction_status in (TransactionStatus.IDLE, TransactionStatus.INTRANS):
            conn.execute("select pg_advisory_unlock(%s)", (_LOCK_KEY,))


def _refuse_shared_session(conn: Connection) -> None:
    ours = backend_pid(conn)
    if ours == conn.info.backend_pid:
        return
    # A pooler is in between. One that lends sessions by the transaction gives ours away while it is idle.
    with connection(url_of(conn)) as other, other.transaction():
        if backend_pid(other) == ours:
            raise _shared(f"what answers at {conn.info.host}:{conn.info.port}", conn.info.host)


def _shared(what: str, host: str) -> Invalid:
    return Invalid(
        f"{what} is a transaction pooler, which keeps no session and therefore no lock",
        hint=f"use the session port of the same host: postgresql://…@{host}:5432/…",
    )


def _wait(conn: Connection, deadline: float, on_wait: Callable[[str], None]) -> None:
    from tenacity import (  # noqa: PLC0415 - most runs find the lock free
        RetryCallState,
        Retrying,
        retry_if_result,
        stop_after_delay,
        wait_fixed,
    )

    def tell(state: RetryCallState) -> None:
        if state.attempt_number % _TELL_EVERY == 1:
            on_wait(f"waiting for another migration: {_holder(conn)}")

    def busy(_: RetryCallState) -> bool:
        raise Conflict(
            f"another migration still runs after {deadline:g} s: {_holder(conn)}",
            hint="wait for it, or give more time with --deadline",
        )

    # Polled, never waited for: a session that waits inside PostgreSQL holds a snapshot, and an index that is
    # built concurrently would wait for that snapshot in turn.
    poll = Retrying(
        retry=retry_if_result(lambda taken: not taken),
        wait=wait_fixed(_POLL_SECONDS),
        stop=stop_after_delay(deadline),
        before_sleep=tell,
        retry_error_callback=busy,
    )
    poll(_taken, conn)


def _taken(conn: Connection) -> bool:
    row = conn.execute("select pg_try_advisory_lock(%s)", (_LOCK_KEY,)).fetchone()
    return bool(row and row[0])


def _holder(conn: Connection) -> str:
    with conn.cursor(row_factory=dict_row) as cursor:
        holder = cursor.execute(query("migrate/lock_holder"), {"key": _LOCK_KEY}).fetchone()
    if holder is None:
        return "it has just ended"
    # Since when is shown to its own role and to monitors only.
    since = f", since {holder['since']:%H:%M:%S} UTC" if holder["since"] else ""
    return f"pid {holder['pid']}, {holder['application_name']}, as {holder['usename']}{since}"
