"""Who keeps a session from a lock, seen from a second connection."""

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

_LOOK_SECONDS = 0.05
_SHOWN_CHARACTERS = 200  # of a query

# As pg_locks and as SQL call them, the weakest first. What reads and writes rows takes weaker ones, which are
# in nobody's way.
LOCK_MODES = {
    "ShareUpdateExclusiveLock": "share update exclusive",
    "ShareLock": "share",
    "ShareRowExclusiveLock": "share row exclusive",
    "ExclusiveLock": "exclusive",
    "AccessExclusiveLock": "access exclusive",
}


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


class BlockerWatch:
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

    def __enter__(self) -> BlockerWatch:
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
            blocker = cursor.execute(query("locks/blockers"), {"pid": self._pid}).fetchone()
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
            conn.execute(sql_statement("locks/cancel"), {"pid": self._pid})
