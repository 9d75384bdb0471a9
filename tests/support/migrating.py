"""A migration in the background, and sessions that block it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatctl.db.connection import Connection, connect
from chatctl.services.migrations import Callbacks, migrate
from chatctl.services.migrations.steps import MigrationStep
from tests.support.world import Database

LOCK_TIMEOUT = 0.5  # seconds
MARGIN = 1.0  # additional seconds for a statement; other tests may run on the same two cores


@dataclass(frozen=True)
class Migration:
    """A migration in a thread: its backend, its messages about waiting, and its result."""

    pid: int
    waits: list[str]
    ends: Future[list[MigrationStep]]

    def locks(self, conn: Connection, *tables: str) -> dict[str, bool]:
        """For each of ``tables`` that it locks or wants to lock: whether the lock is granted."""
        rows = conn.execute(
            "select relation::regclass::text, granted from pg_locks "
            "where pid = %s and relation = any (%s::text[]::regclass[])",
            (self.pid, list(tables)),
        )
        return dict(rows.fetchall())


@contextmanager
def migrating(database: Database, directory: Path, **how: Any) -> Iterator[Migration]:
    """Run ``migrate`` with the files of ``directory``; the end of the block waits for it."""
    how = {"lock_timeout": LOCK_TIMEOUT, "deadline": 30, **how}
    with database.connect() as conn, ThreadPoolExecutor(1) as pool:
        waits: list[str] = []
        ends = pool.submit(migrate, conn, directory=directory, on=Callbacks(wait=waits.append), **how)
        try:
            yield Migration(conn.info.backend_pid, waits, ends)
        except BaseException:
            with database.connect("supabase_admin") as admin:
                admin.execute("select pg_terminate_backend(%s)", (conn.info.backend_pid,))
            raise


@contextmanager
def holding(database: Database, statement: str) -> Iterator[Connection]:
    """A session that is idle in a transaction after ``statement``, until it commits or the block ends."""
    url = database.server.url_for("postgres", database.name)
    with connect(url, application_name="long report") as conn:
        conn.execute("begin")
        conn.execute(statement.encode())
        yield conn
