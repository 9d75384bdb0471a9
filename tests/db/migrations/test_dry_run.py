"""A dry run reports what the real run would lock and rewrite, and the error with which it would fail."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from chatctl.db.connection import Connection
from chatctl.errors import ChatctlError, Conflict, Invalid
from chatctl.services.migrations.effects import Effects, Lock, Rewrite
from tests.support.sqlfiles import TABLE, SqlFiles, function, names, policy, run, states, version
from tests.support.world import Database

BIG = """
create table public.big (id int primary key, t_id int, body text);
alter table public.big enable row level security;
create index big_body on public.big (body);
insert into public.big select g, g, repeat('x', 100) from generate_series(1, 2000) as g;
"""


@pytest.fixture
def files(tmp_path: Path) -> SqlFiles:
    """Two existing tables."""
    files = SqlFiles(tmp_path / "sql")
    files.version(1, TABLE + BIG)
    return files


def effects(conn: Connection, files: SqlFiles, text: str) -> Effects:
    """The reported locks and rewrites of a file with this text."""
    run(conn, files)
    files.version(2, text)
    (step,) = run(conn, files, dry_run=True).steps
    assert step.effects is not None
    return step.effects


@pytest.mark.parametrize(
    ("statement", "locks"),
    [
        ("alter table public.t add column b int", [("t", "access exclusive", "reads and writes")]),
        ("create index on public.t (a)", [("t", "share", "writes")]),
        (
            "create trigger quiet before update on public.t "
            "for each row execute function suppress_redundant_updates_trigger()",
            [("t", "share row exclusive", "writes")],
        ),
        (
            "alter table public.big add foreign key (t_id) references public.t not valid",
            [("big", "share row exclusive", "writes"), ("t", "share row exclusive", "writes")],
        ),
        ("create table public.n (a int references public.t)", [("t", "share row exclusive", "writes")]),
        ("analyze public.t", [("t", "share update exclusive", "schema changes")]),
        ("lock table public.t in exclusive mode", [("t", "exclusive", "writes")]),
        ("drop index public.big_body", [("big", "access exclusive", "reads and writes")]),
        (
            "create index on public.t (a); drop table public.t",
            [("t", "access exclusive", "reads and writes")],
        ),
        ("create table public.n (a int); create index on public.n (a); alter table public.n add b int", []),
        ("update public.big set body = 'y'; select * from public.t for update", []),
        ("create view public.v as select * from public.t", []),
    ],
)
def test_locked_tables_and_what_they_block_are_named(
    bare_database: Database, files: SqlFiles, statement: str, locks: list[tuple[str, str, str]]
) -> None:
    with bare_database.connect() as conn:
        reported = effects(conn, files, f"{statement};")

    assert [(lock.table, lock.mode, lock.blocks) for lock in reported.locks] == locks


def test_a_table_is_named_for_the_first_file_that_locks_it_and_again_for_a_stronger_lock(
    bare_database: Database, files: SqlFiles
) -> None:
    files.object("access/t.sql", policy("p"))
    with bare_database.connect() as conn:
        run(conn, files)
        files.version(2, "create index on public.t (a);")
        files.version(3, "create index on public.t (id, a);")
        files.version(4, "alter table public.t add column b int;")
        files.object("access/t.sql", policy("q"))

        steps = run(conn, files, dry_run=True).steps

    reported = [step.effects.locks for step in steps if step.effects]
    assert reported == [[Lock("t", "share")], [], [Lock("t", "access exclusive")], [], []]


def test_rewritten_tables_are_named_with_their_former_size(bare_database: Database, files: SqlFiles) -> None:
    with bare_database.connect() as conn:
        run(conn, files)
        sizes = "select pg_relation_size('public.big'), pg_relation_size('public.big_body')"
        row = conn.execute(sizes).fetchone()
        assert row is not None
        table, index = row

        reported = effects(conn, files, "alter table public.big alter column t_id type bigint;")

        assert reported.locks == [Lock("big", "access exclusive")]
        assert [it.table for it in reported.rewrites] == ["big"]
        assert reported.rewrites[0].bytes >= table
        files.version(2, "reindex index public.big_body;")
        (step,) = run(conn, files, dry_run=True).steps
        assert step.effects is not None
        assert step.effects.rewrites == [Rewrite("big", index)]


@pytest.mark.parametrize(
    "statement",
    [
        "alter table public.big add column c int not null default 5",
        "alter table public.big alter column body type varchar",
        "alter table public.big alter column body set not null",
        "alter table public.big rename column body to text",
    ],
)
def test_a_change_that_touches_no_row_is_not_a_rewrite(
    bare_database: Database, files: SqlFiles, statement: str
) -> None:
    with bare_database.connect() as conn:
        reported = effects(conn, files, f"{statement};")

    assert reported == Effects(locks=[Lock("big", "access exclusive")], rewrites=[])


def test_a_dry_run_leaves_nothing_behind(bare_database: Database, files: SqlFiles) -> None:
    everything = (
        "select relname::text from pg_class union all select nspname from pg_namespace union all "
        "select proname from pg_proc union all select polname from pg_policy order by 1"
    )
    files.object("functions/f.sql", function("public.f"))
    files.object("access/t.sql", policy("p"))
    with bare_database.connect() as conn:
        empty = names(conn, everything)
        assert run(conn, files, dry_run=True).paths == [f"{version(1)}_step.sql", "f.sql", "t.sql"]
        assert names(conn, everything) == empty
        run(conn, files)
        before = names(conn, everything)

        files.version(2, "create schema s;\nalter table public.t rename to renamed;\ndelete from public.big;")
        files.object("access/t.sql", policy("q", on="public.renamed"))
        files.remove("functions/f.sql")
        ran = run(conn, files, dry_run=True)

        assert set(ran.paths) == {f"{version(2)}_step.sql", "t.sql", "-t.sql", "-f.sql"}
        assert names(conn, everything) == before
        assert names(conn, "select count(*) from public.big") == [2000]
        assert states(conn, files)["f.sql"] == "gone"
        assert run(conn, files).paths == ran.paths


def test_files_outside_a_transaction_are_not_tried(bare_database: Database, files: SqlFiles) -> None:
    files.version(2, "create schema s;\ncreate table s.t (a int);")
    files.version(3, "-- chatctl:no-transaction\ncreate index concurrently i on s.t (a);")
    files.version(4, "alter table s.t add column b int;")
    with bare_database.connect() as conn:
        steps = run(conn, files, dry_run=True).steps

        assert [(step.tried, step.effects is None) for step in steps] == [
            (True, False),
            (True, False),
            (False, True),
            (True, False),
        ]
        assert names(conn, "select to_regclass('s.t')") == [None]


@pytest.mark.parametrize(
    ("version_text", "object_text"),
    [
        ("create table public.x ();\n\ncreate tabel y;", ""),
        ("select 1;\nselect 1 / (a - a) from (values (1)) as v (a);", ""),
        ("insert into public.t values (1); insert into public.t values (1);", ""),
        (
            "create table public.k (a int references public.t deferrable initially deferred);\n"
            "insert into public.k values (5);",
            "",
        ),
        ("alter table public.t add column b int; copy public.t from stdin;", ""),
        ("select 1;", "create view public.v as select * from missing;"),
        ("drop table public.absent;", ""),
        ("create index concurrently on public.t (a);", ""),
        ("select 1;", "create function public.f() returns int language sql as 'select a from missing';"),
    ],
)
def test_a_dry_run_fails_with_the_error_of_the_real_run(
    bare_database: Database, files: SqlFiles, version_text: str, object_text: str
) -> None:
    messages = []
    with bare_database.connect() as conn:
        run(conn, files)
        files.object("views/v.sql", object_text)
        files.version(2, version_text)
        for dry_run in (True, False):
            with pytest.raises((ChatctlError, psycopg.Error)) as refused:
                run(conn, files, dry_run=dry_run)
            messages.append((type(refused.value), str(refused.value), getattr(refused.value, "hint", None)))
            assert names(conn, "select version from supabase_migrations.schema_migrations") == [version(1)]

    assert messages[0] == messages[1]


def test_a_dry_run_gives_up_on_a_lock_and_names_its_holder(bare_database: Database, files: SqlFiles) -> None:
    with bare_database.connect() as conn, bare_database.connect() as other:
        run(conn, files)
        files.version(2, "alter table public.t add column b int;")
        with other.transaction():
            other.execute("select * from public.t")

            with pytest.raises(
                Conflict, match=r"gave up after 0\.6 s and \d attempts: t is held by pid"
            ) as refused:
                run(conn, files, dry_run=True, lock_timeout=0.2, deadline=0.6)
            assert str(other.info.backend_pid) in refused.value.message
        assert run(conn, files, dry_run=True, lock_timeout=0.2, deadline=0.6).paths == [
            f"{version(2)}_step.sql"
        ]


def test_a_dry_run_does_not_wait_for_another_migration(bare_database: Database, files: SqlFiles) -> None:
    with bare_database.connect() as conn, bare_database.connect() as other:
        other.execute("select pg_advisory_lock(7232615413094158)")

        with pytest.raises(Conflict, match=r"another migration is still running after 0\.1 s"):
            run(conn, files, dry_run=True, deadline=0.1)


def test_a_failed_dry_run_leaves_the_session_unchanged(bare_database: Database, files: SqlFiles) -> None:
    changed = "select name, setting from pg_settings where source = 'session' order by 1"
    files.version(2, "set local work_mem = '1MB';\nset search_path = '';\nselect broken;")
    with bare_database.connect() as conn:
        with pytest.raises(Invalid):
            run(conn, files, dry_run=True)

        assert conn.execute(changed.encode()).fetchall() == []
