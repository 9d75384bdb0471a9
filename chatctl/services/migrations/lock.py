"""One migration at a time: a lock of the database, and who holds it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from chatctl.db import locks
from chatctl.db.connection import Connection, backend_pid, connection, parts_of, url_of
from chatctl.errors import Conflict, Invalid

KEY = 7_232_615_413_094_158  # "chatctl" as a number: one lock for all migrations of a database
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
    if not locks.taken(conn, KEY):
        _wait(conn, deadline, on_wait)
    try:
        yield
    finally:
        # With those that files have taken, as at the end of a session of their own.
        locks.give_back_all(conn)


def regain(conn: Connection) -> None:
    """Take the lock once more, since a file may have given up all locks of the session.

    Raises Conflict, naming the holder, when another migration has it now.
    """
    if not locks.taken(conn, KEY):
        raise lost(conn)


def lost(conn: Connection) -> Conflict:
    """The error for a migration that another one has overtaken."""
    return Conflict(
        f"a file has given up the lock of the migration, and another one runs: {locks.holder(conn, KEY)}",
        hint="migrate again when it has ended; leave pg_advisory_unlock_all() and `discard all` out of files",
    )


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
            on_wait(f"waiting for another migration: {locks.holder(conn, KEY)}")

    def busy(_: RetryCallState) -> bool:
        raise Conflict(
            f"another migration still runs after {deadline:g} s: {locks.holder(conn, KEY)}",
            hint="wait for it, or give more time with --deadline",
        )

    # Polled, never waited for: a session that waits inside PostgreSQL holds a snapshot, and an index that is
    # built concurrently would wait for that snapshot in turn.
    poll = Retrying(
        retry=retry_if_result(lambda taken: not taken),
        wait=wait_fixed(locks.POLL_SECONDS),
        stop=stop_after_delay(deadline),
        before_sleep=tell,
        retry_error_callback=busy,
    )
    poll(locks.taken, conn, KEY)
