"""Whatever a file does to the session, the next file and the history see a fresh session."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chatctl.db.connection import Connection
from chatctl.db.locks import AdvisoryLock
from chatctl.errors import Conflict, Invalid
from chatctl.services.migrations import Callbacks, lock, migrate
from chatctl.waiting import until
from tests.support.migrating import holding, migrating
from tests.support.sqlfiles import TABLE, SqlFiles, names, run, version
from tests.support.world import Database

ALONE = "-- chatctl:no-transaction\n"

# Functions that a file may call, and a role that may execute them.
BEFORE = """
grant create on schema public to authenticated;
create function public.become(role name, local boolean) returns text language sql
  as $$ select set_config('role', role, local) $$;
create function public.prepares() returns void language plpgsql
  as $$ begin execute 'prepare p as select 1'; end $$;
"""
# State that a file may leave behind, directly or through a function that it calls.
LEFT = {
    "a role": "set role authenticated;",
    "a role of the transaction": "set local role authenticated;",
    "a role set by a function": "select public.become('authenticated', false);",
    "a role of the transaction set by a function": "select public.become('authenticated', true);",
    "a role within a block": "do $$ begin set local role authenticated; end $$;",
    "no role": "set role none;",
    "its own role": "set session authorization postgres;",
    "a search path": "set search_path = pg_catalog;",
    "a search path of the transaction": "set local search_path = '';",
    "triggers that do not fire": "set session_replication_role = replica;",
    "row security": "set row_security = off;",
    "bodies that are not read": "set check_function_bodies = off;",
    "backslashes": "set standard_conforming_strings = off;",
    "an encoding": "set client_encoding = 'LATIN1';",
    "an encoding that Python does not know": "set client_encoding = 'EUC_TW';",
    "dates": "set datestyle = 'German, DMY';",
    "a time zone": "set time zone 'Asia/Tokyo';",
    "numbers": "set extra_float_digits = -15;",
    "a planner": "set enable_seqscan = off; set jit = on; set max_parallel_workers_per_gather = 0;",
    "no lock timeout": "set lock_timeout = 0; set local statement_timeout = '1h';",
    "read-only transactions": "set default_transaction_read_only = on;",
    "serializable transactions": "set session characteristics as transaction isolation level serializable;",
    "notices": "set client_min_messages = error;",
    "a setting of nobody's": "set app.tenant = 'somebody'; set plpgsql.extra_errors = 'all';",
    "a prepared statement": "prepare p as select 1;",
    "a prepared statement of a function": "select public.prepares();",
    "cursors": "declare c cursor for select 1; declare d cursor with hold for select 1;",
    "a temporary table": "create temp table work (i int); insert into work values (1);",
    "a temporary table in place of another": "create temp table t (i int);",
    "a temporary function": "create function pg_temp.work() returns int language sql as 'select 1';",
    "a channel": "listen somebody;",
    "the last value of a sequence": "create sequence s; select nextval('s');",
    "deferred constraints": "set constraints all deferred;",
}
# All state of a session, except lock_timeout, which chatctl sets for each file.
LOOK = """
do $$ begin
  perform lastval();
  raise exception 'a sequence has a last value';
exception when object_not_in_prerequisite_state then null;
end $$;
create table public.seen as
select 'role' as name, current_user::text as value
union all select 'session', session_user
union all select name, setting from pg_settings
  where name not in ('lock_timeout', 'check_function_bodies', 'log_lock_failures')
union all select 'lock timeout', current_setting('lock_timeout')
union all select 'statement ' || name, statement from pg_prepared_statements where name <> ''
union all select 'cursor ' || name, statement from pg_cursors where name <> ''
union all select 'temporary', relname from pg_class where relnamespace = pg_my_temp_schema()
union all select 'temporary', proname from pg_proc where pronamespace = pg_my_temp_schema()
union all select 'channel', channel from pg_listening_channels() as c (channel);
"""


@pytest.fixture
def files(tmp_path: Path) -> SqlFiles:
    files = SqlFiles(tmp_path / "sql")
    files.version(1, TABLE + BEFORE)
    return files


@pytest.fixture
def expected_state(twin_database: Database, tmp_path: Path) -> list[Any]:
    """What a file sees after a file that leaves nothing behind."""
    files = SqlFiles(tmp_path / "usual")
    files.version(1, TABLE + BEFORE)
    files.version(2, LOOK)
    with twin_database.connect() as conn:
        run(conn, files)
        return session_state(conn)


def session_state(conn: Connection) -> list[Any]:
    return conn.execute("select name, value from public.seen order by name, value").fetchall()


def recorded(conn: Connection) -> list[Any]:
    return conn.execute(
        "select version, applied_by from supabase_migrations.chatctl_migrations order by version"
    ).fetchall()


@pytest.mark.parametrize("left", LEFT.values(), ids=LEFT)
def test_session_state_does_not_reach_the_next_migration(
    bare_database: Database, files: SqlFiles, expected_state: list[Any], left: str
) -> None:
    files.version(2, left)
    files.version(3, LOOK)
    with bare_database.connect() as conn:
        assert len(run(conn, files, dry_run=True).steps) == 3
        run(conn, files)

        assert session_state(conn) == expected_state
        assert recorded(conn) == [(version(number), "postgres") for number in (1, 2, 3)]


@pytest.mark.parametrize("left", LEFT.values(), ids=LEFT)
def test_session_state_does_not_reach_the_next_object(
    bare_database: Database, files: SqlFiles, expected_state: list[Any], left: str
) -> None:
    files.object("functions/a.sql", left)
    files.object("functions/b.sql", LOOK)
    with bare_database.connect() as conn:
        run(conn, files)

        assert session_state(conn) == expected_state
        assert names(conn, "select path from supabase_migrations.chatctl_objects order by path") == [
            "objects/functions/a.sql",
            "objects/functions/b.sql",
        ]


@pytest.mark.parametrize(
    "left",
    [
        *("set role authenticated", "select public.become('authenticated', false)"),
        *("set search_path = ''", "set default_transaction_read_only = on", "set client_encoding = 'EUC_TW'"),
        *("prepare p as select 1", "create temp table t (i int)", "listen somebody", "discard all"),
        *("set transaction read only", "select pg_advisory_unlock_all()"),
    ],
)
def test_session_state_does_not_survive_a_file_outside_transactions(
    bare_database: Database, files: SqlFiles, expected_state: list[Any], left: str
) -> None:
    files.version(2, ALONE + left)
    files.version(3, ALONE + left)
    files.version(4, LOOK)
    with bare_database.connect() as conn:
        run(conn, files)

        assert session_state(conn) == expected_state
        assert recorded(conn) == [(version(number), "postgres") for number in (1, 2, 3, 4)]


def test_a_superuser_is_a_superuser_again_afterwards(bare_database: Database, files: SqlFiles) -> None:
    files.version(2, "set session authorization authenticated;\ncreate view public.theirs as select 1;")
    files.version(3, ALONE + "set session authorization authenticated")
    files.version(4, "create view public.ours as select 1;")
    with bare_database.connect("supabase_admin") as conn:
        run(conn, files)

        owners = "select viewname, viewowner from pg_views where schemaname = 'public' order by 1"
        assert conn.execute(owners).fetchall() == [("ours", "supabase_admin"), ("theirs", "authenticated")]


def test_a_second_attempt_sees_no_state_of_the_first(bare_database: Database, files: SqlFiles) -> None:
    """Prepared statements survive a rollback."""
    with bare_database.connect() as conn:
        run(conn, files)
    files.version(2, "prepare p as select 1;\nalter table public.t add column b int;")

    with (
        holding(bare_database, "select from public.t") as report,
        migrating(bare_database, files.directory) as migration,
    ):
        assert until(lambda: bool(migration.waits), seconds=30)
        report.execute("commit")
        assert len(migration.ends.result(30)) == 1


def test_a_read_only_transaction_is_named_with_its_file(bare_database: Database, files: SqlFiles) -> None:
    path = files.version(2, "set transaction read only;")
    reason = rf"^sql/migrations/{path.name}: cannot execute INSERT in a read-only transaction \[25006\]"
    with bare_database.connect() as conn, pytest.raises(Invalid, match=reason):
        run(conn, files)


def test_no_file_rolls_back_another(bare_database: Database, files: SqlFiles) -> None:
    files.version(2, "create view public.kept as select 1;\nsavepoint a;\nselect 1;\nsavepoint b;")
    path = files.version(3, "select 3;\nrollback to savepoint a;")
    with bare_database.connect() as conn:
        with pytest.raises(Invalid, match=rf'^sql/migrations/{path.name}:2: savepoint "a" does not exist'):
            run(conn, files)

        files.version(3, "savepoint a;\nselect 1 / 0;\nrollback to savepoint a;")
        with pytest.raises(Invalid, match=rf"^sql/migrations/{path.name}:2: division by zero"):
            run(conn, files)
        files.version(3, "savepoint a;\ndrop view public.kept;\nrollback to savepoint a;")
        run(conn, files)

        assert names(conn, "select to_regclass('public.kept') is not null") == [True]
        assert len(recorded(conn)) == 3


def test_other_migrations_stay_out_whatever_locks_a_file_releases(
    bare_database: Database, files: SqlFiles
) -> None:
    files.version(2, "select pg_advisory_unlock_all();")
    files.version(3, "select pg_advisory_lock(1);")
    taken = []
    with bare_database.connect() as conn, bare_database.connect() as other:
        callbacks = Callbacks(step=lambda step: taken.append(lock.MIGRATION.try_acquire(other)))
        migrate(conn, directory=files.directory, on=callbacks)

        assert taken == [False] * 3
        assert lock.MIGRATION.try_acquire(other)
        assert AdvisoryLock(1, "file").try_acquire(other)


def test_another_migration_that_ran_in_between_is_named(bare_database: Database, files: SqlFiles) -> None:
    files.version(2, ALONE + "select pg_advisory_unlock_all()")
    files.version(3, "create table public.late ();")
    with bare_database.connect() as conn, bare_database.connect() as other:
        run(conn, files, to=version(1))
        callbacks = Callbacks(step=lambda step: taken.append(lock.MIGRATION.try_acquire(other)))
        taken: list[bool] = []

        with pytest.raises(Conflict, match=f"another migration acquired it: pid {other.info.backend_pid}, "):
            migrate(conn, directory=files.directory, on=callbacks)

        assert taken == [True]
        assert names(conn, "select to_regclass('public.late')") == [None]
