"""``seed clean`` with concurrent writers, and when it is killed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from chatctl.db.connection import Connection
from chatctl.errors import Conflict
from chatctl.services.seed import clean as cleaning
from chatctl.services.seed.clean import clean
from chatctl.waiting import until
from tests.support import seed_users
from tests.support.cleaned import (
    WRITTEN,
    reasons_of,
)
from tests.support.migrating import holding
from tests.support.race import race_operators
from tests.support.seeded import (
    Seeded,
    column,
    rows,
    run_of,
    trio,
    value,
)
from tests.support.world import Database


def test_nobody_writes_between_the_check_and_the_deletion(conn: Connection, world: Seeded) -> None:
    clean(conn, run_of(conn))

    with world.database.connect() as other:
        locked = column(
            other,
            "select relation::regclass::text from pg_locks where pid = %s and mode = 'ShareRowExclusiveLock'",
            conn.info.backend_pid,
        )
    assert {
        "conversations", "conversation_participants", "messages", "organizations", "organization_members",
        "user_profiles", "private.holds", "private.suspensions",
    } <= set(locked)  # fmt: skip


@pytest.mark.parametrize(
    "table", ["messages", "organizations", "auth.users", "storage.objects", "private.seed_runs"]
)
def test_killed_at_any_point_nothing_is_deleted(copy: Database, table: str) -> None:
    with copy.connect("supabase_admin") as admin:
        admin.execute(
            """
            create function private.die() returns trigger language plpgsql security definer as
            $$ begin perform pg_terminate_backend(pg_backend_pid()); return null; end $$
            """
        )
        admin.execute(f"create trigger die after delete on {table} execute function private.die()")
        admin.execute(f"alter table {table} enable always trigger die")
        before = rows(admin)

        with copy.connect() as conn, pytest.raises(psycopg.errors.AdminShutdown):
            clean(conn, run_of(conn))

        assert rows(admin) == before
        admin.execute(f"drop trigger die on {table}")
    with copy.connect() as conn:
        assert clean(conn, run_of(conn)).kept == []


BUSY = {
    "a writer": "insert into organizations (name, slug) values ('x', 'x')",
    "a sign-in": "select from auth.users for update",
}


@pytest.mark.parametrize("statement", BUSY.values(), ids=BUSY.keys())
def test_while_others_lock_the_tables_nothing_is_deleted(
    copy: Database, statement: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleaning, "LOCK_TIMEOUT", 0.05)
    monkeypatch.setattr(cleaning, "PATIENCE", 0.05)
    with copy.connect() as conn:
        before = rows(conn)
        with holding(copy, statement):
            with pytest.raises(Conflict):
                clean(conn, run_of(conn))
            assert rows(conn) == before
        assert clean(conn, run_of(conn)).kept == []


def test_it_waits_for_writers_and_keeps_what_they_wrote(copy: Database) -> None:
    waits: list[str] = []
    with copy.connect() as conn, copy.connect() as other, ThreadPoolExecutor(1) as pool:
        run, conversation = run_of(conn), trio(conn)
        with other.transaction():
            seed_users.renames(other)
            cleaning_up = pool.submit(clean, conn, run, on_wait=waits.append)
            assert until(lambda: _waits(other, conn), seconds=30)
            # It locks tables in the order of a send, so that there is no deadlock with the sender.
            seed_users.sends(other)

        reasons = reasons_of(cleaning_up.result(30))

    assert reasons["conversation", conversation] == WRITTEN
    assert waits[0].startswith("conversations is held by pid")


def _waits(observer: Connection, conn: Connection) -> bool:
    blocked = "select cardinality(pg_blocking_pids(%s)) > 0"
    return bool(value(observer, blocked, conn.info.backend_pid))


def test_two_concurrent_cleans_both_succeed(copy: Database, world: Seeded) -> None:
    with copy.connect() as conn:
        run = run_of(conn)

    outcomes = race_operators(copy, 2, lambda conn, _: clean(conn, run))

    assert [it.kept for it in outcomes] == [[], []]
    assert sorted(it.removed["messages"] for it in outcomes) == [0, 420]
    with copy.connect() as conn:
        assert rows(conn) == world.before_seed_1
