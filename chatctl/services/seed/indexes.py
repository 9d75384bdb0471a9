"""Dropping the indexes of messages for a large load, and building them afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.db.patience import LOCK_TIMEOUT, limit_lock_waits
from chatctl.services.seed import paths

# For fewer messages it saves less than a second, while it blocks all readers of the table.
MIN_MESSAGES = 100_000
# A kill loses the work of the transaction.
MAX_MESSAGES = 2_000_000


def is_empty(conn: Connection) -> bool:
    """Whether ``messages`` has no row."""
    row = conn.execute("select exists (select from public.messages)").fetchone()
    return row == (False,)


def lock_if_empty(conn: Connection) -> bool:
    """Lock ``messages`` exclusively in the open transaction if it is empty and not in use.

    Call it first: a transaction that holds no locks yet cannot be part of a deadlock.
    """
    try:
        with conn.transaction():
            limit_lock_waits(conn, LOCK_TIMEOUT)
            conn.execute("lock table public.messages in access exclusive mode")
    except (psycopg.errors.LockNotAvailable, psycopg.errors.InsufficientPrivilege):
        return False
    # From now on, all readers of messages wait for this transaction.
    limit_lock_waits(conn, paths.PATIENCE)
    return is_empty(conn)


@contextmanager
def rebuilt_afterwards(conn: Connection) -> Iterator[None]:
    """Drop the indexes of ``messages`` that can be re-created, and build them at the end of the block.

    This runs in the open transaction, so that a failure rolls everything back.
    """
    statements = conn.execute(query("seed/message_indexes")).fetchall()
    for drop, _ in statements:
        conn.execute(drop)
    yield
    conn.execute("set local maintenance_work_mem = '256MB'")
    for _, create in statements:
        conn.execute(create)
