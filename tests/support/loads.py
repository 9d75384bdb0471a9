"""Loading the small world: what tests of it expect, and what they look at."""

from __future__ import annotations

from typing import Any

from chatctl.db.connection import Connection
from chatctl.services.seed.outline import build
from tests.support.seeded import SMALL

WORLD = build(SMALL)
# As seed 1 makes them: whatever the path, the chunk size and the server, these and no other rows.
MESSAGES = sum(chat.messages for chat in WORLD.chats)
EVERYTHING = 10**9
SECONDS = 120  # that anything may take at most; two cores, and the rest of the tests beside it


def run(conn: Connection, script: str) -> None:
    conn.execute(script.encode())


def fetch(conn: Connection, statement: str) -> list[tuple[Any, ...]]:
    return conn.execute(statement.encode()).fetchall()


def waits(conn: Connection) -> bool:
    """Whether anybody in this database waits for a lock."""
    waiting = (
        "select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    )
    return bool(conn.execute(waiting).fetchall())


def assert_empty(admin: Connection) -> None:
    for table in ("auth.users", "organizations", "conversations", "messages", "private.seed_runs"):
        assert fetch(admin, f"select count(*) from {table}") == [(0,)], table
