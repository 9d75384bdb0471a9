"""Loading the small world: expected values and helpers of its tests."""

from __future__ import annotations

from typing import Any

from chatctl.db.connection import Connection
from chatctl.services.seed.outline import build
from tests.support.seeded import SMALL

WORLD = build(SMALL)
# The fingerprint for seed 1: the rows do not depend on the path, the chunk size or the server.
MESSAGES = sum(chat.messages for chat in WORLD.chats)
EVERYTHING = 10**9
SECONDS = 120  # upper limit for any wait; other tests may run on the same two cores


def run(conn: Connection, script: str) -> None:
    conn.execute(script.encode())


def fetch(conn: Connection, statement: str) -> list[tuple[Any, ...]]:
    return conn.execute(statement.encode()).fetchall()


def waits(conn: Connection) -> bool:
    """Whether any session of this database waits for a lock."""
    waiting = (
        "select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    )
    return bool(conn.execute(waiting).fetchall())


def assert_empty(admin: Connection) -> None:
    for table in ("auth.users", "organizations", "conversations", "messages", "private.seed_runs"):
        assert fetch(admin, f"select count(*) from {table}") == [(0,)], table
