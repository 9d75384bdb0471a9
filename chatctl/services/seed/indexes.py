"""The indexes of messages, built once after many rows instead of row by row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.db.patience import LOCK_TIMEOUT, limit_lock_waits
from chatctl.services.seed import paths

# Below so many messages it saves less than a second, and nobody else may read the table meanwhile.
WORTHWHILE = 100_000
# A kill takes away what one transaction did.
AT_MOST = 2_000_000


def empty(conn: Connection) -> bool:
    """Whether ``messages`` has no row."""
    row = conn.execute("select exists (select from public.messages)").fetchone()
    return row == (False,)


def lock_if_empty(conn: Connection) -> bool:
    """Have ``messages`` alone for the open transaction, where nobody has written to it nor uses it now.

    At its beginning: who holds nothing yet and waits is no part of a deadlock.
    """
    try:
        with conn.transaction():
            limit_lock_waits(conn, LOCK_TIMEOUT)
            conn.execute("lock table public.messages in access exclusive mode")
    except (psycopg.errors.LockNotAvailable, psycopg.errors.InsufficientPrivilege):
        return False
    # Whoever reads messages waits for us from now on.
    limit_lock_waits(conn, paths.PATIENCE)
    return empty(conn)


@contextmanager
def built_after(conn: Connection) -> Iterator[None]:
    """No index of ``messages`` inside the block that its end can make again as it was.

    In the open transaction, which a failure rolls back, indexes and all.
    """
    statements = conn.execute(query("seed/message_indexes")).fetchall()
    for take_away, _ in statements:
        conn.execute(take_away)
    yield
    conn.execute("set local maintenance_work_mem = '256MB'")
    for _, make_again in statements:
        conn.execute(make_again)
