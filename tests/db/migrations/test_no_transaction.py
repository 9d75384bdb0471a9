"""A file without transaction may be left half applied: the next run completes it from any state."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from chatctl.db.connection import Connection
from chatctl.errors import Conflict, Invalid, Unavailable
from chatctl.waiting import until
from tests.support.migrating import MARGIN, holding, migrating
from tests.support.sqlfiles import TABLE, SqlFiles, policy, run, states, version
from tests.support.world import Database

ALONE = "-- chatctl:no-transaction\n"
BUILD = f"{ALONE}create index concurrently t_a on public.t (a);\n"
BUILD_UNIQUE = f"{ALONE}\n-- One each.\ncreate unique index concurrently t_a\n  on public.t (a);\n"
WRITE = "insert into public.t select coalesce(max(id), 0) + 1, 0 from public.t"


@pytest.fixture
def files(tmp_path: Path) -> SqlFiles:
    """One version, which creates a table with a few rows."""
    files = SqlFiles(tmp_path / "sql")
    files.version(1, TABLE + "insert into public.t select n, n / 2 from generate_series(1, 10) as n;\n")
    return files


@pytest.fixture
def conn(bare_database: Database) -> Iterator[Connection]:
    with bare_database.connect() as conn:
        yield conn


def recorded(conn: Connection) -> list[str]:
    rows = conn.execute(
        "select m.version from supabase_migrations.schema_migrations m "
        "join supabase_migrations.chatctl_migrations using (version) order by 1"
    )
    return [name for (name,) in rows]


def unfinished(conn: Connection) -> list[str]:
    rows = conn.execute("select version from supabase_migrations.chatctl_unfinished order by 1")
    return [name for (name,) in rows]


def indexes(conn: Connection) -> dict[str, bool]:
    """The indexes of the table except its primary key, and whether they are valid."""
    rows = conn.execute(
        "select indexrelid::regclass::text, indisvalid from pg_index "
        "where indrelid = 'public.t'::regclass and not indisprimary order by 1"
    )
    return dict(rows.fetchall())


def oid(conn: Connection, name: str) -> int | None:
    number: int | None
    [(number,)] = conn.execute("select to_regclass(%s)::oid", (name,)).fetchall()
    return number


def left_invalid(database: Database, statement: str) -> None:
    """Run ``statement`` until it waits for a writer, and cancel it."""
    with holding(database, WRITE), database.connect() as conn:
        conn.execute("set lock_timeout = '50ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            conn.execute(statement.encode())


def test_it_runs_and_is_recorded_like_any_version(conn: Connection, files: SqlFiles) -> None:
    files.version(2, BUILD)

    assert [step.kind for step in run(conn, files).steps] == ["version", "version"]

    assert indexes(conn) == {"t_a": True}
    assert (recorded(conn), unfinished(conn)) == ([version(1), version(2)], [])
    statements = conn.execute(
        "select statements from supabase_migrations.schema_migrations where version = %s", (version(2),)
    ).fetchone()
    assert statements == ([BUILD.rstrip(";\n")],)
    assert run(conn, files).steps == []


@pytest.mark.parametrize("mark", ["-- pg-delta: transaction=false", "--chatctl: no-transaction"])
def test_other_spellings_of_the_marker_are_accepted(conn: Connection, files: SqlFiles, mark: str) -> None:
    files.version(2, f"-- An index.\n{mark}\ncreate index concurrently t_a on public.t (a);\n")
    run(conn, files)
    assert indexes(conn) == {"t_a": True}


def test_without_the_marker_it_is_refused_and_nothing_stays(conn: Connection, files: SqlFiles) -> None:
    files.version(2, BUILD.removeprefix(ALONE))
    with pytest.raises(
        Invalid, match=r"_step\.sql:1: CREATE INDEX CONCURRENTLY cannot .* \[25001\]"
    ) as error:
        run(conn, files)
    assert "-- chatctl:no-transaction" in (error.value.hint or "")
    assert oid(conn, "public.t") is None


def test_a_failed_unique_index_is_dropped_and_built_when_the_data_allow_it(
    conn: Connection, files: SqlFiles
) -> None:
    path = files.version(2, BUILD_UNIQUE)

    with pytest.raises(Invalid) as refused:
        run(conn, files)

    assert str(refused.value) == f'sql/migrations/{path.name}:4: could not create unique index "t_a" [23505]'
    assert refused.value.hint
    assert "| create unique index concurrently t_a" in refused.value.hint
    assert "is duplicated" in refused.value.hint
    assert indexes(conn) == {}
    assert (recorded(conn), unfinished(conn)) == ([version(1)], [])
    assert states(conn, files)[path.name] == "pending"

    conn.execute("update public.t set a = id")
    run(conn, files)
    assert indexes(conn) == {"t_a": True}
    assert (recorded(conn), unfinished(conn)) == ([version(1), version(2)], [])


@pytest.mark.parametrize("name", ["t_a", '"T a"', "T_A"])
def test_an_invalid_index_is_rebuilt(
    conn: Connection, bare_database: Database, files: SqlFiles, name: str
) -> None:
    run(conn, files)
    build = f"create index concurrently {name} on public.t (a)"
    left_invalid(bare_database, build)
    (left,) = indexes(conn).items()
    assert left[1] is False
    old_oid = oid(conn, left[0])
    files.version(2, ALONE + build)

    run(conn, files)

    assert indexes(conn) == {left[0]: True}
    assert oid(conn, left[0]) != old_oid


@pytest.mark.parametrize(
    ("statement", "left"),
    [
        ("create index concurrently t_a on public.t (a)", {"t_a": True}),
        ("create unique index concurrently if not exists t_a on only t (a)", {"t_a": True}),
        ('create index concurrently "t_a" on /* the table */ Public . "t" (a)', {"t_a": True}),
        ("drop index concurrently public.t_old", {}),
        ("drop index concurrently public . T_old", {}),
    ],
)
def test_an_index_that_was_built_but_not_recorded_is_not_built_again(
    conn: Connection, files: SqlFiles, statement: str, left: dict[str, bool]
) -> None:
    """A run was killed in between: its entry exists, and its index does (or does not)."""
    run(conn, files)
    conn.execute("update public.t set a = id")
    path = files.version(2, ALONE + statement)
    if left:
        conn.execute(statement.encode())
    old_oid = oid(conn, "public.t_a")
    mark(conn, path)
    assert states(conn, files)[path.name] == "unfinished"

    run(conn, files)

    assert (indexes(conn), oid(conn, "public.t_a")) == (left, old_oid)
    assert (recorded(conn), unfinished(conn)) == ([version(1), version(2)], [])


def test_a_valid_foreign_index_of_the_same_name_is_not_accepted(conn: Connection, files: SqlFiles) -> None:
    run(conn, files)
    conn.execute("create index t_a on public.t (id)")
    files.version(2, BUILD)

    with pytest.raises(Invalid, match=r'_step\.sql:2: relation "t_a" already exists \[42P07\]'):
        run(conn, files)

    assert indexes(conn) == {"t_a": True}
    assert (recorded(conn), unfinished(conn)) == ([version(1)], [])


def test_an_index_of_an_earlier_text_of_the_file_is_not_accepted(conn: Connection, files: SqlFiles) -> None:
    """A run was killed; then the file was edited."""
    run(conn, files)
    path = files.version(2, BUILD)
    mark(conn, path)
    conn.execute("create index t_a on public.t (a)")
    files.version(2, f"{ALONE}create index concurrently t_a on public.t (a, id);\n")

    with pytest.raises(Invalid, match=r'_step\.sql:2: relation "t_a" already exists'):
        run(conn, files)

    assert recorded(conn) == [version(1)]


@pytest.mark.parametrize(
    "options",
    [
        "index concurrently public.t_a",
        'index concurrently public . "t_a"',
        "(verbose) table concurrently public.t",
        "(concurrently) table public.t",
    ],
)
def test_leftovers_of_a_reindex_are_dropped(
    conn: Connection, bare_database: Database, files: SqlFiles, options: str
) -> None:
    run(conn, files)
    conn.execute("create index t_a on public.t (a)")
    for _ in range(2):
        left_invalid(bare_database, f"reindex {options}")
    assert {"t_a_ccnew", "t_a_ccnew1"} < set(indexes(conn))
    files.version(2, f"{ALONE}reindex {options};\n")

    run(conn, files)

    assert indexes(conn) == {"t_a": True}
    assert recorded(conn) == [version(1), version(2)]


@pytest.mark.parametrize(("count", "text"), [(2, f"{BUILD}analyze public.t;\n"), (0, f"{ALONE}-- Later.\n")])
def test_a_file_without_exactly_one_statement_is_refused_before_anything_runs(
    conn: Connection, files: SqlFiles, count: int, text: str
) -> None:
    path = files.version(2, text)
    with pytest.raises(
        Invalid, match=rf"sql/migrations/{path.name}: .* must contain one statement, not {count}$"
    ):
        run(conn, files)
    assert oid(conn, "public.t") is None


def test_an_index_without_a_name_is_refused(conn: Connection, files: SqlFiles) -> None:
    path = files.version(2, f"{ALONE}\ncreate index concurrently on public.t (a);\n")
    with pytest.raises(Invalid, match=rf"sql/migrations/{path.name}:3: name the index"):
        run(conn, files)
    assert unfinished(conn) == []
    assert version(2) not in recorded(conn)


def test_the_order_is_kept_and_objects_are_applied_with_the_last_transaction(
    conn: Connection, files: SqlFiles
) -> None:
    files.version(2, BUILD)
    last = files.version(3, "alter table public.t rename column a to b;\nselect 1 / 0;\n")
    files.object("access/t.sql", policy("seen", using="b > 0"))

    with pytest.raises(Invalid, match=r"_step\.sql:2: division by zero"):
        run(conn, files)
    assert recorded(conn) == [version(1), version(2)]
    assert conn.execute("select from pg_policies where tablename = 't'").fetchall() == []

    last.write_text("alter table public.t rename column a to b;\n")
    assert run(conn, files).paths == [last.name, "t.sql"]
    assert recorded(conn) == [version(number) for number in (1, 2, 3)]
    assert len(conn.execute("select from pg_policies where tablename = 't'").fetchall()) == 1


def test_objects_are_applied_after_a_last_file_without_transaction(conn: Connection, files: SqlFiles) -> None:
    files.version(2, BUILD)
    files.object("access/t.sql", policy("seen"))
    assert [step.kind for step in run(conn, files).steps] == ["version", "version", "object"]


def test_a_table_that_would_be_readable_in_between_is_refused(conn: Connection, files: SqlFiles) -> None:
    first = files.version(1, "create table public.t (id int primary key, a int);\n")
    files.version(2, BUILD)
    files.object("access/t.sql", "alter table public.t enable row level security;\n" + policy("seen"))

    with pytest.raises(Conflict, match=rf"after sql/migrations/{first.name} the API could read t, "):
        run(conn, files)

    assert oid(conn, "public.t") is None
    assert recorded(conn) == []
    first.write_text(TABLE)
    assert len(run(conn, files).steps) == 3


def test_waiting_for_an_old_transaction_blocks_nobody(
    bare_database: Database, conn: Connection, files: SqlFiles
) -> None:
    run(conn, files)
    files.version(2, BUILD)
    took: list[float] = []
    with (
        holding(bare_database, WRITE) as report,
        bare_database.connect() as traffic,
        migrating(bare_database, files.directory) as migration,
    ):
        assert until(lambda: bool(migration.waits), seconds=10)
        for _ in range(50):
            start = time.monotonic()
            traffic.execute("select count(*) from public.t")
            traffic.execute("update public.t set a = a where id = 1")
            took.append(time.monotonic() - start)
        assert indexes(traffic) == {"t_a": False}, "it should still wait"
        assert migration.waits[0].startswith(
            f"waiting: a lock is held by pid {report.info.backend_pid} "
            "(long report, postgres, idle in transaction, since "
        )
        report.execute("commit")
        migration.ends.result(30)
    assert indexes(conn) == {"t_a": True}
    assert max(took) < MARGIN


def test_after_the_deadline_the_blocker_is_named_and_the_next_run_completes_it(
    bare_database: Database, conn: Connection, files: SqlFiles
) -> None:
    run(conn, files)
    path = files.version(2, BUILD)
    with holding(bare_database, WRITE) as report:
        with pytest.raises(Conflict, match=rf"gave up after 0\.3 s .* pid {report.info.backend_pid} \(long"):
            run(conn, files, deadline=0.3)
        assert recorded(conn) == [version(1)]
        assert states(conn, files)[path.name] == "unfinished"
    run(conn, files)
    assert indexes(conn) == {"t_a": True}
    assert (recorded(conn), unfinished(conn)) == ([version(1), version(2)], [])


def test_the_deadline_also_applies_to_dropping_leftovers(
    bare_database: Database, conn: Connection, files: SqlFiles
) -> None:
    run(conn, files)
    left_invalid(bare_database, "create index concurrently t_a on public.t (a)")
    files.version(2, BUILD)
    with (
        holding(bare_database, WRITE),
        migrating(bare_database, files.directory, deadline=0.3) as migration,
    ):
        assert until(migration.ends.done, seconds=5)
        assert isinstance(migration.ends.exception(), Conflict)


def test_terminated_while_waiting_the_next_run_completes_it(
    bare_database: Database, conn: Connection, files: SqlFiles
) -> None:
    run(conn, files)
    path = files.version(2, BUILD)
    with holding(bare_database, WRITE), migrating(bare_database, files.directory) as migration:
        assert until(lambda: bool(migration.waits), seconds=10)
        conn.execute("select pg_terminate_backend(%s)", (migration.pid,))
        with pytest.raises(Unavailable, match=rf"^sql/migrations/{path.name}:2: "):
            migration.ends.result(30)
    assert indexes(conn) == {"t_a": False}
    assert states(conn, files)[path.name] == "unfinished"
    run(conn, files)
    assert indexes(conn) == {"t_a": True}
    assert (recorded(conn), unfinished(conn)) == ([version(1), version(2)], [])


def test_a_second_waiting_run_blocks_nobody(
    bare_database: Database, conn: Connection, files: SqlFiles
) -> None:
    """Waiting inside PostgreSQL would hold a snapshot, for which the first run's index build would wait."""
    run(conn, files)
    files.version(2, BUILD)
    with holding(bare_database, WRITE) as report, migrating(bare_database, files.directory) as first:
        assert until(lambda: bool(first.waits), seconds=10)
        with migrating(bare_database, files.directory) as second:
            assert until(lambda: bool(second.waits), seconds=10)
            assert second.waits[0].startswith(f"waiting for another migration: pid {first.pid}, chatctl")
            report.execute("commit")
            assert len(first.ends.result(30)) == 1
            assert second.ends.result(30) == []


def mark(conn: Connection, path: Path) -> None:
    """Record the file as started, like a run does."""
    conn.execute(
        "insert into supabase_migrations.chatctl_unfinished (version, sha256) "
        "values (%s, encode(sha256(%s), 'hex'))",
        (path.name[:14], path.read_bytes()),
    )
