"""The server for measurements: durable, migrated, with 1,000,000 messages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from chatctl.db.connection import connection
from chatctl.local.postgres import throwaway
from chatctl.local.postgres.server import Server
from chatctl.services.migrations import migrate

HERE = Path(__file__).parent


@contextmanager
def filled_server() -> Iterator[Server]:
    """A throwaway server with the backend and the rows of fill.sql; it is durable like a real one."""
    with throwaway.server(durable=True) as server:
        with connection(server.url) as conn:
            migrate(conn)
        fill(server)
        yield server


def fill(server: Server) -> None:
    """Run fill.sql as the superuser, because only a superuser can disable all triggers."""
    with psycopg.connect(server.admin_url, autocommit=True) as conn:
        conn.execute((HERE / "fill.sql").read_bytes())
        conn.execute((HERE / "plan_list.sql").read_bytes())
        conn.execute("vacuum (freeze, analyze)")
        conn.execute("checkpoint")


def identifier(kind: int, number: int) -> str:
    """The id that ``bench.id`` of fill.sql generates; kind 2 is a person, 3 a conversation."""
    return f"00000000-0000-4000-800{kind}-{100_000_000_000 + number}"
