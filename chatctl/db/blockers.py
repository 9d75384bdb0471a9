"""Finding the session that blocks another one, from a second connection."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf

import psycopg
from psycopg.rows import class_row

from chatctl.db.connection import Connection, backend_pid, connect, url_of
from chatctl.db.files import query, sql_statement
from chatctl.errors import ChatctlError
from chatctl.secrets import mask

_POLL_SECONDS = 0.05
_SHOWN_CHARACTERS = 200  # of a query

# Lock modes by their names in pg_locks and in SQL, weakest first; without those that reading and writing rows
# takes, which block neither reads nor writes.
LOCK_MODES = {
    "ShareUpdateExclusiveLock": "share update exclusive",
    "ShareLock": "share",
    "ShareRowExclusiveLock": "share row exclusive",
    "ExclusiveLock": "exclusive",
    "AccessExclusiveLock": "access exclusive",
}


@dataclass(frozen=True)
class Blocker:
    """The session that holds a lock we wait for; without a table lock, ``relation`` and ``mode`` are None."""

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
        # Mask before truncating: a truncated password might not be recognized.
        query = mask(" ".join(self.query.split()))[:_SHOWN_CHARACTERS]
        return f"{what} is held by pid {self.pid} ({who}{since}): {query}"


class BlockerWatch:
    """Watches from a second connection which session blocks ``conn``; ``last`` is the last blocker.

    The second connection is opened only if the block takes long enough for a lock wait. It also cancels a
    wait that harms others: if the waits of one attempt exceed ``at_most`` seconds in total, or in a deadlock,
    which PostgreSQL might otherwise resolve by canceling the blocker.
    """

    def __init__(
        self,
        conn: Connection,
        at_most: float = inf,
        on_blocked: Callable[[Blocker], None] = lambda blocker: None,
    ) -> None:
        self.last: Blocker | None = None
        self.canceled = False
        self._at_most = at_most
        self._waited = 0.0
        self._last_poll = time.monotonic()
        self._on_blocked = on_blocked
        self._pid = backend_pid(conn)
        self._url = url_of(conn)
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="chatctl watch", daemon=True)

    def __enter__(self) -> BlockerWatch:
        self._thread.start()
        return self

    def begin(self) -> None:
        """Start a new attempt: reset the waiting time."""
        self.canceled = False
        self._waited = 0.0
        self._last_poll = time.monotonic()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join(timeout=1)

    def _watch(self) -> None:
        if self._done.wait(2 * _POLL_SECONDS):
            return
        try:
            with connect(self._url, application_name="chatctl watch") as conn:
                while not self._done.wait(_POLL_SECONDS):
                    self._poll(conn)
        except (ChatctlError, psycopg.Error):
            return  # only the name of the blocker is missing then

    def _poll(self, conn: Connection) -> None:
        with conn.cursor(row_factory=class_row(Blocker), binary=True) as cursor:
            blocker = cursor.execute(query("locks/blockers"), {"pid": self._pid}).fetchone()
        now = time.monotonic()
        last_poll, self._last_poll = self._last_poll, now
        if blocker is None:
            return
        if self.last is None or blocker.pid != self.last.pid:
            self._on_blocked(blocker)
        self.last = blocker
        self._waited += now - last_poll
        if blocker.deadlocked or self._waited > self._at_most:
            self.canceled = True
            conn.execute(sql_statement("locks/cancel"), {"pid": self._pid})
