"""One seed at a time in a database, and however long it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf

from chatctl.db import locks
from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.local.waiting import until

_LOCK_KEY = 2_532_670_223_462_061_098  # hashtextextended('chatctl seed', 0)


@contextmanager
def seeding(conn: Connection, on_wait: Callable[[str], None] = lambda why: None) -> Iterator[None]:
    """Nobody else seeds or takes a seed away inside the block; whoever comes second waits, and says so once.

    From then on no time-out of the role ends what takes long in this session.
    """
    if not locks.taken(conn, _LOCK_KEY):
        on_wait(f"waiting for another seed: {locks.holder(conn, _LOCK_KEY)}")
        # Polled, never waited for: a session that waits inside PostgreSQL holds a snapshot, and an index that
        # a migration builds concurrently would wait for that snapshot in turn; and a time-out would end it.
        until(lambda: locks.taken(conn, _LOCK_KEY), seconds=inf, every=locks.POLL_SECONDS)
    conn.execute(query("seed/no_time_outs"))
    try:
        yield
    finally:
        locks.give_back(conn, _LOCK_KEY)
