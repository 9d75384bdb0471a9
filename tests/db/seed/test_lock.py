"""One seed at a time in a database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest

from chatctl.db.connection import Connection
from chatctl.services.seed import lock
from chatctl.services.seed.loading import load
from chatctl.waiting import until
from tests.support.loads import SECONDS, WORLD, fetch
from tests.support.world import Database


def test_a_waiting_seed_names_the_holder_and_no_timeout_ends_the_wait(database: Database) -> None:
    messages: list[str] = []
    tries: set[tuple[Any, ...]] = set()

    def wait(conn: Connection) -> str:
        with lock.seeding(conn, messages.append):
            return "had it"

    def has_tried_for_long() -> bool:
        pid = second.info.backend_pid
        tries.update(fetch(first, f"select query_start from pg_stat_activity where pid = {pid}"))
        return len(tries) > 4  # one attempt each 0.1 s, for longer than the statement timeout

    with database.connect() as first, database.connect() as second, ThreadPoolExecutor(1) as pool:
        second.execute("set statement_timeout = '100ms'")
        with lock.seeding(first):
            waiting = pool.submit(wait, second)
            assert until(has_tried_for_long, seconds=SECONDS)
            assert not waiting.done()
        assert waiting.result(SECONDS) == "had it"
        holder = f"pid {first.info.backend_pid}, chatctl, as postgres"
        assert [line.partition(", since")[0] for line in messages] == [f"waiting for another seed: {holder}"]
        assert fetch(first, "select pid from pg_locks where locktype = 'advisory'") == []


def test_an_interrupt_during_a_statement_stays_an_interrupt(database: Database) -> None:
    with closing(database.connect()) as conn, pytest.raises(KeyboardInterrupt), lock.seeding(conn):
        conn.pgconn.send_query(b"select pg_sleep(60)")
        raise KeyboardInterrupt


def test_a_concurrent_index_build_does_not_wait_for_a_waiting_seed(database: Database) -> None:
    with (
        database.connect() as first,
        database.connect() as second,
        database.connect() as migration,
        ThreadPoolExecutor(1) as pool,
    ):
        migration.execute("set statement_timeout = '10s'")
        with lock.seeding(first):
            waiting = pool.submit(load, second, WORLD)
            assert until(lambda: "advisory_lock" in _last(migration, second), seconds=SECONDS)
            migration.execute("create index concurrently more on public.messages (updated_at)")
        assert waiting.result(SECONDS).state == "created"


def _last(conn: Connection, backend: Connection) -> str:
    statement = "select query from pg_stat_activity where pid = %s"
    return str(conn.execute(statement, (backend.info.backend_pid,)).fetchone())
