"""A statement that waits for a lock while another connection looks at the locks it holds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg

from chatctl.db.connection import Connection

PATIENCE = 60.0  # seconds


@contextmanager
def waiting(conn: Connection, act: Callable[[], Any], watcher: Connection) -> Iterator[Future[Any]]:
    """Run ``act``, which uses ``conn``, in a thread; the block starts when it waits for a lock."""
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(act)
        try:
            _until_it_waits(conn.info.backend_pid, done, watcher)
            yield done
        except BaseException:
            conn.cancel_safe()
            raise


def _until_it_waits(process: int, done: Future[Any], watcher: Connection) -> None:
    waits = "select from pg_stat_activity where pid = %s and wait_event_type = 'Lock'"
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if watcher.execute(waits, (process,)).rowcount:
            return
        if done.done():
            raise AssertionError(f"it did not wait: {done.exception() or done.result()!r}")
        threading.Event().wait(0.005)
    raise AssertionError("it does not wait")


def locked(
    watcher: Connection, table: str, key: str = "id", strength: str = "for no key update"
) -> list[Any]:
    """The rows of ``table`` that somebody else currently cannot write, by ``key``.

    ``for update``: cannot delete; a lock of a foreign key is enough for that.
    """
    with watcher.transaction(force_rollback=True):
        every = watcher.execute(f"select {key} from {table}".encode()).fetchall()
        free = watcher.execute(f"select {key} from {table} {strength} skip locked".encode()).fetchall()
    return [row[0] for row in every if row not in free]


def sqlstate(done: Future[Any]) -> str | None:
    """The SQLSTATE of a failed statement; None if it succeeded."""
    error = done.exception(PATIENCE)
    if error is None or isinstance(error, psycopg.Error):
        return error.sqlstate if error else None
    raise error
