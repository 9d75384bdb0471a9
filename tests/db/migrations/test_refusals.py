"""Errors of PostgreSQL are named with file and line; their SQLSTATE decides whether they are temporary."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chatctl.db.connection import Connection
from chatctl.errors import ChatctlError, Conflict, Invalid, Unavailable
from chatctl.services.migrations import repair
from tests.support.sqlfiles import TABLE, SqlFiles, function, names, run, version
from tests.support.world import Database

ALONE = "-- chatctl:no-transaction\n"

# psycopg has an OperationalError for each of these.
FOR_GOOD = {
    "54011": f"create table public.wide ({', '.join(f'c{n} int' for n in range(1601))})",
    "55006": (
        "do $$ begin create table public.k (a int references public.t deferrable initially deferred); "
        "insert into public.k values (1); alter table public.k add b int; end $$"
    ),
    "55P04": ("do $$ begin alter type public.mood add value 'sad'; perform 'sad'::public.mood; end $$"),
    "26000": "execute nothing",
    "08P01": "select $1",
    **{
        sqlstate: f"do $$ begin raise exception 'stop' using errcode = '{sqlstate}'; end $$"
        for sqlstate in ("28000", "53400", "54000", "55000", "55P02", "57000", "58030", "58P01", "HV00N")
    },
}
MAY_PASS = ("08006", "53100", "53200", "53300", "57014")

RAISE = """-- why
do $$
begin
  raise exception 'run the backfill first'
    using errcode = '{}', detail = 'three rows are left', hint = 'see the runbook';
end $$
"""


@pytest.fixture
def files(tmp_path: Path) -> SqlFiles:
    files = SqlFiles(tmp_path / "sql")
    files.version(1, TABLE + "create type public.mood as enum ('happy');")
    return files


def refused(conn: Connection, files: SqlFiles, **how: object) -> ChatctlError:
    with pytest.raises(ChatctlError) as refusal:
        run(conn, files, **how)
    return refusal.value


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize(("sqlstate", "statement"), FOR_GOOD.items(), ids=FOR_GOOD)
def test_permanent_failures_are_invalid(
    bare_database: Database, files: SqlFiles, sqlstate: str, statement: str, *, dry_run: bool
) -> None:
    with bare_database.connect() as conn:
        run(conn, files)
        path = files.version(2, f"create table public.first ();\n\n{statement};")

        error = refused(conn, files, dry_run=dry_run)

        assert isinstance(error, Invalid)
        assert re.fullmatch(rf"sql/migrations/{path.name}:3: .* \[{sqlstate}\]", error.message)
        assert names(conn, "select to_regclass('public.first')") == [None]


@pytest.mark.parametrize("sqlstate", MAY_PASS)
def test_failures_that_may_pass_are_temporary_and_named_too(
    bare_database: Database, files: SqlFiles, sqlstate: str
) -> None:
    path = files.version(2, RAISE.format(sqlstate))
    with bare_database.connect() as conn:
        error = refused(conn, files)

    assert isinstance(error, Unavailable)
    assert error.message == f"sql/migrations/{path.name}:2: run the backfill first [{sqlstate}]"


@pytest.mark.parametrize("place", ["migrations", "objects", "alone"])
def test_all_fields_of_an_error_of_postgresql_are_shown(
    bare_database: Database, files: SqlFiles, place: str
) -> None:
    text = RAISE.format("55000")
    path = (
        files.object("views/v.sql", text)
        if place == "objects"
        else files.version(2, ALONE + text if place == "alone" else text)
    )
    line = 3 if place == "alone" else 2
    with bare_database.connect() as conn:
        error = refused(conn, files)

    assert error.message == f"sql/{path.relative_to(files.directory)}:{line}: run the backfill first [55000]"
    assert (error.hint or "").splitlines() == [
        "three rows are left",
        "see the runbook",
        "PL/pgSQL function inline_code_block line 3 at RAISE",
        "| do $$",
        "| begin",
        "|   raise exception 'run the backfill first'",
        "|     using errcode = '55000', detail = 'three rows are left', hint = 'see the runbook';",
        "| end $$",
    ]


def test_a_statement_that_exceeds_its_timeout_is_named(bare_database: Database, files: SqlFiles) -> None:
    with bare_database.connect() as conn:
        run(conn, files)
        path = files.version(2, "select 1;\nset statement_timeout = '1ms';\nselect pg_sleep(60);")
        error = refused(conn, files)

    assert isinstance(error, Unavailable)
    assert error.message == (
        f"sql/migrations/{path.name}:3: canceling statement due to statement timeout [57014]"
    )


@pytest.mark.parametrize("alone", [False, True])
def test_a_lock_past_the_deadline_names_the_file_that_needs_it(
    bare_database: Database, files: SqlFiles, *, alone: bool
) -> None:
    with bare_database.connect() as conn, bare_database.connect() as other:
        run(conn, files)
        path = files.version(2, f"{ALONE if alone else ''}\nalter table public.t add column b int;")
        other.execute("begin")
        other.execute("select from public.t")

        error = refused(conn, files, lock_timeout=0.2, deadline=0.6)

    assert isinstance(error, Conflict)
    line = 3 if alone else 2
    assert f"\nsql/migrations/{path.name}:{line}: canceling statement " in (error.hint or "")


def test_a_lost_connection_is_named_with_the_file(bare_database: Database, files: SqlFiles) -> None:
    path = files.version(2, "select 1;\nselect pg_terminate_backend(pg_backend_pid());")
    with bare_database.connect() as conn:
        error = refused(conn, files)

    assert isinstance(error, Unavailable)
    # The reason given by the server, or by libpq if the former was lost with the results.
    reason = "(:2: terminating connection due to|: .*server closed the connection)"
    assert re.match(f"sql/migrations/{path.name}{reason}", error.message)


def test_a_function_body_is_named_with_its_file(bare_database: Database, files: SqlFiles) -> None:
    files.object("functions/f.sql", function("public.f", body="select absent from public.t"))
    with bare_database.connect() as conn:
        error = refused(conn, files)

    assert error.message == 'sql/objects/functions/f.sql: column "absent" does not exist [42703]'


def test_a_failing_drop_statement_is_named_with_its_file(bare_database: Database, files: SqlFiles) -> None:
    drop = "do 'begin raise exception using errcode = ''55000'', message = ''held''; end'"
    files.object("storage/x.sql", f"-- chatctl:drop {drop}\nselect 1;")
    files.object("storage/y.sql", "select 1;")
    with bare_database.connect() as conn:
        run(conn, files)
        files.remove("storage/x.sql")
        error = refused(conn, files)

    assert isinstance(error, Invalid)
    assert error.message == f"objects/storage/x.sql: cannot run: {drop}: held [55000]"


def test_a_refused_row_of_the_history_is_named_with_its_file(
    bare_database: Database, files: SqlFiles
) -> None:
    with bare_database.connect() as conn:
        run(conn, files)
        conn.execute(
            "alter table supabase_migrations.schema_migrations add check (name <> 'refused'); "
            "alter table supabase_migrations.chatctl_objects add check (path not like '%refused%')"
        )
        path = files.version(2, "select 1;", name="refused")
        error = refused(conn, files)
        assert error.message.startswith(f"sql/migrations/{path.name}: new row for relation ")

        def decide() -> list[repair.HistoryChange]:
            return repair.repair(conn, files.directory, [version(2)], "applied")

        with pytest.raises(Invalid, match=f"^{path.name}: new row for relation "):
            repair.write(conn, files.directory, decide, shown=decide(), deadline=1, on_wait=lambda _: None)

        path.unlink()
        files.object("views/refused.sql", "select 1;")
        error = refused(conn, files)
        assert error.message.startswith("sql/objects/views/refused.sql: new row for relation ")


@pytest.mark.parametrize("length", [10, 100_000])
def test_a_long_line_is_shortened_and_its_secrets_are_masked(
    bare_database: Database, files: SqlFiles, length: int
) -> None:
    filler = "x" * length
    files.version(
        2, f"selec 'postgresql://ann:hunter2@db.example.test/{filler}', password='hunter3', '{filler}'"
    )
    with bare_database.connect() as conn:
        error = refused(conn, files)

    assert all(len(line) < 300 for line in (error.hint or "").splitlines())
    if length > 1000:
        assert "hunter" not in f"{error.message} {error.hint}"


def test_a_long_message_of_the_server_is_cut_to_a_screen(bare_database: Database, files: SqlFiles) -> None:
    files.version(
        2,
        "do $$ begin raise exception using message = repeat(E'm\\n', 50000), "
        "detail = repeat('d', 50000), hint = repeat('h', 50000); end $$;",
    )
    with bare_database.connect() as conn:
        error = refused(conn, files)

    assert len(error.message) < 3_000
    assert len(error.hint or "") < 6_000
    assert len(error.message.splitlines()) < 30


def test_psql_commands_are_named(bare_database: Database, files: SqlFiles) -> None:
    files.version(2, "\\set x 1\nselect 1;")
    with bare_database.connect() as conn:
        assert r"commands that begin with \ are psql commands" in (refused(conn, files).hint or "")
