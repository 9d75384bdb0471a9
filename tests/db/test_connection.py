"""A connection uses the settings of its URL, of the environment and of the database, and few of chatctl."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from psycopg import sql

from chatctl.db.blockers import BlockerWatch
from chatctl.db.connection import Connection, connect, url_of
from chatctl.db.locks import AdvisoryLock
from chatctl.services.audit.run import audit
from chatctl.services.migrations import history, migrate
from chatctl.services.seed import runs
from chatctl.waiting import until
from tests.support.forks import variables
from tests.support.remote_server import remote_server
from tests.support.sqlfiles import TABLE, SqlFiles
from tests.support.world import Database


@pytest.fixture
def files(tmp_path: Path) -> SqlFiles:
    return SqlFiles(tmp_path / "sql")


def value(conn: Connection, statement: str, *values: Any) -> Any:
    row = conn.execute(statement.encode(), values or None).fetchone()
    return row[0] if row else None


def setting(conn: Connection, name: str) -> str:
    return str(value(conn, "select current_setting(%s)", name))


def with_options(database: Database, options: str) -> str:
    return f"{database.url}&options={quote(options, safe='')}"


def test_options_of_the_url_are_added_to_ours(database: Database) -> None:
    with connect(with_options(database, "-c search_path=app,public -c work_mem=7MB")) as conn:
        assert setting(conn, "search_path") == "app,public"
        assert setting(conn, "work_mem") == "7MB"
        assert setting(conn, "client_min_messages") == "warning"


def test_the_message_settings_of_the_url_apply(database: Database) -> None:
    with connect(with_options(database, "-c client_min_messages=debug1")) as conn:
        assert setting(conn, "client_min_messages") == "debug1"


def test_tables_are_created_in_the_search_path_of_the_url(bare_database: Database, files: SqlFiles) -> None:
    files.version(1, TABLE.replace("public.t", "here"))
    with bare_database.connect() as conn:
        conn.execute("create schema app")

    with connect(with_options(bare_database, "-c search_path=app")) as conn:
        migrate(conn, directory=files.directory)
        assert value(conn, "select 'app.here'::regclass::text") == "here"


def test_pgoptions_applies_if_the_url_has_no_options(database: Database) -> None:
    """In a separate process: that of the tests ignores the variables of libpq."""
    program = """
import sys
from chatctl.db.connection import connect, url_of
with connect(sys.argv[1]) as conn:
    print(*conn.execute("select current_setting('work_mem'), current_setting('datestyle')").fetchone())
    with connect(url_of(conn)) as again:
        print(*again.execute("select current_setting('work_mem'), current_setting('datestyle')").fetchone())
"""

    def run(url: str) -> list[str]:
        env = variables(PGOPTIONS="-c work_mem=9MB", PGDATESTYLE="German")
        done = subprocess.run(
            [sys.executable, "-c", program, url], env=env, check=True, capture_output=True, text=True
        )
        return done.stdout.splitlines()

    assert run(database.url) == ["9MB German, DMY"] * 2
    assert run(with_options(database, "-c work_mem=7MB")) == ["7MB German, DMY"] * 2


def test_the_text_is_utf8_whatever_the_database_or_url_says(database: Database) -> None:
    with connect(f"{database.url}&client_encoding=latin1") as conn:
        assert value(conn, "select '„Grüße“ 🙂'") == "„Grüße“ 🙂"


def test_a_second_connection_goes_to_the_same_server(monkeypatch: pytest.MonkeyPatch) -> None:
    with remote_server() as server:
        with connect(server.url) as conn:
            again = url_of(conn)
        monkeypatch.setenv("PGPORT", "1")
        monkeypatch.setenv("PGHOSTADDR", "192.0.2.1")
        monkeypatch.setenv("PGSSLMODE", "require")
        with connect(again) as conn:
            assert conn.info.port == server.port


def test_a_second_connection_to_the_default_port_ignores_pgport(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.connect() as conn:
        again = url_of(conn)
        monkeypatch.setenv("PGPORT", "1")
        monkeypatch.setenv("PGDATABASE", "nowhere")
        with connect(again) as other:
            assert value(other, "select current_database()") == database.name


STYLES = {
    "iso": ("ISO, DMY", "UTC", "postgres"),
    "sql": ("SQL, DMY", "Europe/Berlin", "sql_standard"),
    "german": ("German", "<+03>-03:30", "iso_8601"),
    "postgres": ("Postgres, MDY", "America/St_Johns", "postgres_verbose"),
}


@pytest.fixture(params=STYLES)
def styled(request: pytest.FixtureRequest, database: Database) -> Database:
    """A migrated database with other settings for the output of times."""
    _style(database, *STYLES[request.param])
    return database


@pytest.fixture(params=STYLES)
def bare_styled(request: pytest.FixtureRequest, bare_database: Database) -> Database:
    _style(bare_database, *STYLES[request.param])
    return bare_database


def _style(database: Database, *values: str) -> None:
    with database.connect("supabase_admin") as admin:
        for name, setting_value in zip(("datestyle", "timezone", "intervalstyle"), values, strict=True):
            admin.execute(
                sql.SQL("alter database {} set {} = {}").format(
                    sql.Identifier(database.name), sql.Identifier(name), sql.Literal(setting_value)
                )
            )


def test_a_date_in_a_migration_is_read_as_psql_reads_it(bare_styled: Database, files: SqlFiles) -> None:
    files.version(
        1,
        "create table dates (day date);\nalter table dates enable row level security;\n"
        "insert into dates values ('01/02/2026');\n",
    )
    with bare_styled.connect() as conn:
        migrate(conn, directory=files.directory)
    with psycopg.connect(bare_styled.url) as plain:
        (stored, read) = (
            plain.execute("select day = '01/02/2026', day = '2026-02-01' from dates").fetchone() or ()
        )
        assert stored
        assert read == (" DMY" in f" {plain.info.parameter_status('DateStyle')}")


def test_the_databases_date_styles_stay(styled: Database) -> None:
    with styled.connect() as ours, psycopg.connect(styled.url) as plain:
        for name in ("datestyle", "timezone", "intervalstyle"):
            assert setting(ours, name) == setting(plain, name)


def test_times_are_read_in_any_date_style(styled: Database) -> None:
    now = datetime.now(UTC)
    with styled.connect() as conn:
        conn.execute("insert into supabase_migrations.chatctl_unfinished (version, sha256) values ('1', 'x')")
        conn.execute(
            "insert into private.seed_runs (world, seed, world_version, organization_ids, user_ids) "
            "values ('w', 1, 1, '{}', '{}')"
        )
        read = [
            *(each.applied_at for each in history.applied(conn)),
            *(each.started_at for each in history.unfinished(conn).values()),
            *(each.started_at for each in runs.of(conn)),
        ]
        (latest,) = {max(each for each in read if each)}
        assert latest.timestamp() == pytest.approx(
            float(value(conn, "select extract(epoch from started_at) from private.seed_runs"))
        )
    assert all(each and abs((each - now).total_seconds()) < 3600 for each in read)


def test_an_audit_gives_the_same_verdict_in_any_date_style(styled: Database) -> None:
    with styled.connect("supabase_admin") as admin:
        admin.execute(f"alter database {styled.name} set standard_conforming_strings = off".encode())
    with styled.connect() as conn:
        report = audit(conn, only=("sender", "public.messages"))
        assert not report.problems
        assert report.probes > 100


def test_the_holder_of_an_advisory_lock_is_named_in_any_date_style(styled: Database) -> None:
    with styled.connect() as holding, styled.connect() as waiting:
        lock = AdvisoryLock(1, "test")
        assert lock.try_acquire(holding)
        since = value(waiting, "select to_char(backend_start at time zone 'utc', 'HH24:MI:SS') from "
                      "pg_stat_activity where pid = %s", holding.info.backend_pid)  # fmt: skip
        assert lock.holder(waiting).endswith(f"since {since} UTC")


def test_the_blocker_of_a_lock_is_named_in_any_date_style(styled: Database) -> None:
    with styled.connect() as holding, styled.connect() as waiting, ThreadPoolExecutor(1) as pool:
        with holding.transaction():
            holding.execute("lock table public.messages")
            started_at = value(holding, "select extract(epoch from now())")
            with BlockerWatch(waiting) as watch:
                pool.submit(waiting.execute, "comment on table public.messages is 'x'")
                assert until(lambda: watch.last is not None, seconds=60)
        assert watch.last
        assert watch.last.since
        assert watch.last.since.timestamp() == pytest.approx(float(started_at))
