"""A load that fails leaves complete parts, the next one creates the rest; timeouts do not end a load."""

from __future__ import annotations

import time

import psycopg
import pytest

from chatctl.db.connection import Connection, connect
from chatctl.local.postgres.server import Server
from chatctl.services.drift import catalogue
from chatctl.services.drift.compare import compare
from chatctl.services.seed.chunkwriter import SeedProgress
from chatctl.services.seed.loading import LoadOptions, load
from chatctl.waiting import until
from tests.support.loads import SECONDS, WORLD, assert_empty, fetch, run
from tests.support.proxy import Proxy
from tests.support.world import Database


@pytest.mark.parametrize("end", ["row", "session", "interrupt"])
def test_a_failure_leaves_complete_parts_and_the_next_run_creates_the_rest(
    database: Database, admin: Connection, fingerprint: str, triggers: str, way: str, end: str
) -> None:
    """A conflicting row, a server that shuts down, Ctrl-C while rows are generated."""
    last = WORLD.chats[-1].conversation
    with database.connect() as conn:
        before = catalogue.read(conn)

        def fail(progress: SeedProgress) -> None:
            if progress.done > 200 and end == "session":
                admin.execute("select pg_terminate_backend(%s)", (conn.info.backend_pid,))
            if progress.done > 200 and end == "interrupt":
                raise KeyboardInterrupt("ended")

        if end == "row":
            run(admin, "insert into organizations (id, name, slug) values (gen_random_uuid(), 'a', 'a')")
            run(
                admin,
                "insert into conversations (id, organization_id, is_group, name) "
                f"select '{last.id}', id, true, 'a' from organizations",
            )
        with pytest.raises(
            {
                "row": psycopg.errors.UniqueViolation,
                "session": psycopg.OperationalError,
                "interrupt": KeyboardInterrupt,
            }[end]
        ) as failed:
            load(conn, WORLD, LoadOptions(chunk_size=50, allow_other_rows=True), on_progress=fail)
        if end == "interrupt":
            assert str(failed.value) == "ended"
    with database.connect() as conn:
        run(
            admin,
            f"delete from conversations where id = '{last.id}'; delete from organizations where slug = 'a'",
        )
        assert until(
            lambda: fetch(conn, "select pid from pg_locks where locktype = 'advisory'") == [], seconds=SECONDS
        )
        assert compare(before, catalogue.read(conn)) == []
        ((messages,),) = fetch(conn, "select count(*) from messages")
        assert (messages == 0) == (way == "rebuilt")
        assert fetch(
            conn, "select coalesce(sum(n), 0) from private.seed_chunks, unnest(message_counts) as m (n)"
        ) == [(messages,)]
        outcome = load(conn, WORLD)
        assert (outcome.state, outcome.fingerprint) == ("continued", fingerprint)
        assert compare(before, catalogue.read(conn)) == []


def test_a_dry_run_leaves_nothing_behind(
    conn: Connection, admin: Connection, triggers: str, way: str
) -> None:
    before = catalogue.read(conn)

    assert load(conn, WORLD, dry_run=True).state == "planned"

    assert_empty(admin)
    assert compare(before, catalogue.read(conn)) == []
    assert fetch(conn, "select objid from pg_locks where locktype = 'advisory'") == []
    assert load(conn, WORLD).state == "created"


LIMITS = ("statement_timeout", "idle_in_transaction_session_timeout", "transaction_timeout")


def test_no_timeout_of_a_role_ends_it(
    database: Database, server: Server, pg_version: int, fingerprint: str, triggers: str, way: str
) -> None:
    slow = {b"d": 0.5, b"Q": 0.5}

    def wait_longer(number: int, kind: bytes, body: bytes) -> None:
        # Once in the middle of a statement, and once between two statements of a transaction.
        if kind == b"d" or b"session_replication_role = origin" in body or b" enable " in body:
            time.sleep(slow.pop(kind, 0))

    with connect(server.admin_url) as admin:
        for limit in LIMITS[: 3 if pg_version >= 17 else 2]:
            run(admin, f"alter role postgres in database {database.name} set {limit} = '400ms'")
    with (
        Proxy(server, on_message=wait_longer) as proxy,
        connect(proxy.url("postgres", database.name)) as conn,
    ):
        assert load(conn, WORLD, LoadOptions(chunk_size=100)).fingerprint == fingerprint
    assert slow == {}
