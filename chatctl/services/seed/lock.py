"""The advisory lock that allows one seed or clean at a time in a database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from chatctl.db.connection import Connection
from chatctl.db.files import sql_statement
from chatctl.db.locks import AdvisoryLock

_SEED = AdvisoryLock(2_532_670_223_462_061_098, "seed")  # hashtextextended('chatctl seed', 0)


@contextmanager
def seeding(conn: Connection, on_wait: Callable[[str], None] = lambda why: None) -> Iterator[None]:
    """Hold the seed lock inside the block; calls ``on_wait`` before waiting for other holders.

    Also disables the statement timeouts of the role for this session.
    """
    _SEED.acquire(conn, on_wait=on_wait)
    conn.execute(sql_statement("seed/no_time_outs"))
    try:
        yield
    finally:
        _SEED.release(conn)
