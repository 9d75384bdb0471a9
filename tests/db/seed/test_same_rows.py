"""Rows are the same however they are loaded, and the rest of the database is unchanged."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chatctl.db.connection import Connection
from chatctl.local.postgres.server import Server
from chatctl.services.drift import catalogue
from chatctl.services.drift.compare import compare
from chatctl.services.seed import chunks, runs
from chatctl.services.seed.clean import clean
from chatctl.services.seed.loading import LoadOptions, load
from chatctl.services.seed.verify import verify
from tests.support.loads import EVERYTHING, WORLD, fetch, run
from tests.support.rights import no_replica
from tests.support.seeded import copied
from tests.support.world import Database


def test_parts_of_any_size_create_the_same_rows(
    conn: Connection, fingerprint: str, triggers: str, way: str
) -> None:
    before = catalogue.read(conn)
    for size in (1, 7, 100, EVERYTHING):
        outcome = load(conn, WORLD, LoadOptions(storage_rows=True, chunk_size=size))
        (seed_run,) = runs.of(conn)
        parts = fetch(conn, "select count(*), count(distinct xmin::text) from private.seed_chunks")
        number = len(list(chunks.cut(WORLD, size)))

        assert outcome.fingerprint == fingerprint, size
        assert triggers in (outcome.path or "")
        assert parts == [(number, number if way == "kept" else 1)]
        assert verify(conn, seed_run).differences == []
        assert compare(before, catalogue.read(conn)) == []
        assert fetch(conn, "select objid from pg_locks where locktype = 'advisory'") == []
        clean(conn, seed_run)


def test_the_rows_are_the_same_on_every_server_and_path(servers: Callable[[int], Server]) -> None:
    fingerprints = set()
    for server in map(servers, (18, 16)):
        for owner in (False, True):
            with copied(Database(server, "backend"), "other_path") as database, database.connect() as conn:
                if owner:
                    with no_replica(server):
                        outcome = load(conn, WORLD, LoadOptions(chunk_size=50))
                else:
                    outcome = load(conn, WORLD)
                assert ("on the tables" if owner else "for the session") in (outcome.path or "")
                fingerprints.add((outcome.fingerprint, tuple(outcome.rows.items())))
    assert len(fingerprints) == 1


SETTINGS = {
    "timezone": "Asia/Kolkata",
    "intervalstyle": "iso_8601",
    "bytea_output": "escape",
    "extra_float_digits": "-15",
    "lc_numeric": "C",
    "lc_time": "C",
    "lc_monetary": "C",
    "quote_all_identifiers": "on",
    "standard_conforming_strings": "on",
    "search_path": "private, auth, public",
    "default_transaction_isolation": "serializable",
    "row_security": "off",
    "check_function_bodies": "off",
    "synchronous_commit": "off",
    "jit": "off",
}


@pytest.mark.usefixtures("rebuilt")
@pytest.mark.parametrize(
    "settings",
    [
        SETTINGS,
        {"search_path": "", "timezone": "<+0545>-05:45", "default_transaction_isolation": "repeatable read"},
        pytest.param({"datestyle": "German"}),
        pytest.param({"client_encoding": "latin1"}),
    ],
    ids=["many", "few", "datestyle", "encoding"],
)
def test_the_settings_of_a_database_make_no_difference(
    database: Database, admin: Connection, fingerprint: str, settings: dict[str, str], triggers: str
) -> None:
    for name, value in settings.items():
        run(admin, f"alter database {database.name} set {name} = '{value}'")

    with database.connect() as conn:
        before = catalogue.read(conn)
        assert load(conn, WORLD, LoadOptions(storage_rows=True, chunk_size=100)).fingerprint == fingerprint
        (seed_run,) = runs.of(conn)
        assert verify(conn, seed_run).differences == []
        assert load(conn, WORLD).state == "unchanged"
        assert compare(before, catalogue.read(conn)) == []


def test_files_have_the_times_of_storage_in_any_time_zone(database: Database, admin: Connection) -> None:
    run(admin, f"alter database {database.name} set timezone = 'Asia/Kolkata'")

    with database.connect() as conn:
        load(conn, WORLD, LoadOptions(storage_rows=True))
        assert (
            fetch(conn, "select name from storage.objects where metadata ->> 'lastModified' !~ '(Z|00:00)$'")
            == []
        )


def test_every_foreign_key_and_check_holds(conn: Connection, triggers: str, way: str) -> None:
    load(conn, WORLD, LoadOptions(storage_rows=True, chunk_size=100))

    constraints = fetch(
        conn,
        """
        select c.conrelid::regclass::text, c.conname, pg_get_constraintdef(c.oid)
        from pg_constraint c
        where c.contype in ('f', 'c') and c.connamespace in ('public'::regnamespace, 'private'::regnamespace)
        """,
    )
    assert len(constraints) > 20
    for table, name, definition in constraints:
        # Let PostgreSQL check it over all rows: drop the constraint and add it again.
        with conn.transaction(force_rollback=True):
            run(conn, f"alter table {table} drop constraint {name} cascade")
            run(conn, f"alter table {table} add constraint {name} {definition}")
