"""The history lists the applied versions, whichever tool applied them; contradictions are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chatctl.db.connection import Connection
from chatctl.errors import Conflict, Invalid, NotFound
from chatctl.services import migrations
from chatctl.sqltext.statements import split
from tests.support.sqlfiles import TABLE, SqlFiles, function, names, policy, run, states, version
from tests.support.world import Database

V1, V2, V3 = version(1), version(2), version(3)
HISTORY = "supabase_migrations.schema_migrations"

# Created by the Supabase CLI, and added by the Dashboard and the Management API.
CLI_TABLES = f"""
create schema if not exists supabase_migrations;
create table if not exists {HISTORY} (version text not null primary key);
alter table {HISTORY} add column if not exists statements text[];
alter table {HISTORY} add column if not exists name text;
"""
API_COLUMNS = f"""
alter table {HISTORY} add column if not exists created_by text;
alter table {HISTORY} add column if not exists idempotency_key text unique;
alter table {HISTORY} add column if not exists rollback text[];
"""
# As in chatctl 0.1.
OLDER_TABLES = """
create table supabase_migrations.chatctl_migrations (
  version text primary key,
  sha256 text not null,
  applied_at timestamptz not null default now(),
  applied_by text not null default session_user,
  chatctl_version text not null,
  duration_ms integer not null
);
create table supabase_migrations.chatctl_objects (
  path text primary key,
  sha256 text not null,
  applied_at timestamptz not null default now(),
  applied_by text not null default session_user,
  chatctl_version text not null
);
"""


@pytest.fixture
def files(tmp_path: Path) -> SqlFiles:
    files = SqlFiles(tmp_path / "sql")
    files.version(
        1, f"{TABLE}-- Another.\ncreate table public.b (\n  id int,\n  text text -- what\n)\n;\nselect 1;\n"
    )
    return files


def insert(conn: Connection, number: int, statements: list[str] | None, name: str | None = "step") -> None:
    """A row as another tool inserts it after running the statements."""
    conn.execute(
        "insert into supabase_migrations.schema_migrations (version, name, statements) values (%s, %s, %s)",
        (version(number), name, statements),
    )


def refusal(conn: Connection, files: SqlFiles, **how: Any) -> Conflict:
    with pytest.raises(Conflict) as refused:
        run(conn, files, **how)
    return refused.value


def test_an_edit_is_refused_and_the_changed_lines_are_shown(bare_database: Database, files: SqlFiles) -> None:
    with bare_database.connect() as conn:
        run(conn, files)
        path = files.directory / "migrations" / f"{V1}_step.sql"
        path.write_text(path.read_text().replace("  text text", "  body text") + "select 2;\n")

        refused = refusal(conn, files)

        assert refused.message == f"sql/migrations/{V1}_step.sql was edited after it was applied"
        shown, way_out = (refused.hint or "").split("\nrestore the file")
        assert [line for line in shown.splitlines() if line[0] in "+-"] == [
            "-  text text -- what",
            "+  body text -- what",
            "+select 2",
        ]
        assert "row level security" not in shown
        assert f"chatctl migrate repair {V1} --status applied" in way_out
        assert states(conn, files) == {f"{V1}_step.sql": "edited"}


@pytest.mark.parametrize(
    "same",
    [
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\r"),
        lambda text: text.replace("-- Another.", "-- What they are for.\n/* and\n/* nested */ */"),
        lambda text: text.replace("\n", "\n\n  ").replace("  id int", "\tid   int"),
        lambda text: text.rstrip().removesuffix(";"),
        lambda text: text + "-- the end",
        lambda text: text.replace(";", ";;"),
    ],
)
def test_an_equivalent_text_is_not_an_edit(bare_database: Database, files: SqlFiles, same: Any) -> None:
    path = files.directory / "migrations" / f"{V1}_step.sql"
    with bare_database.connect() as conn:
        run(conn, files)
        path.write_bytes(same(path.read_text()).encode())

        assert run(conn, files).steps == []
        assert set(states(conn, files).values()) == {"applied"}


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_other_line_endings_inside_quotes_are_not_an_edit(
    bare_database: Database, files: SqlFiles, end: str
) -> None:
    """An older chatctl recorded line feeds only; a checkout may convert line endings in both directions."""
    text = "select 'a\nb', E'c'\n'd', $$\ne\n$$ as \"f\ng\"; -- h\n"
    files.version(2, text)
    files.version(3, text.replace("\n", end))
    files.object("functions/f.sql", function("public.f", body="select\n'a\nb' = 'c'\n"))
    with bare_database.connect() as conn:
        run(conn, files)
        assert names(conn, f"select statements[1] from {HISTORY} where version = '{V3}'") == [
            text.partition(";")[0].replace("\n", end)
        ]

        for path in files.directory.rglob("*.sql"):
            path.write_bytes(path.read_bytes().replace(end.encode(), b"\n").replace(b"\n", end.encode()))
        assert run(conn, files).steps == []
        assert set(states(conn, files).values()) == {"applied"}

        files.version(2, text.replace("b'", "b '").replace("\n", end))
        assert f"{V2}_step.sql was edited" in refusal(conn, files).message


def test_inside_quotes_even_a_changed_space_is_an_edit(bare_database: Database, files: SqlFiles) -> None:
    files.version(2, "select 'a  b', $$ -- c $$;")
    with bare_database.connect() as conn:
        run(conn, files)
        for edit in ("select 'a b', $$ -- c $$;", "select 'a  b', $$ -- d $$;"):
            files.version(2, edit)
            assert "edited" in refusal(conn, files).message


def test_an_empty_file_that_is_filled_after_it_was_applied_is_edited(
    bare_database: Database, files: SqlFiles
) -> None:
    files.version(2, "")
    files.version(3, "-- Soon.\n")
    with bare_database.connect() as conn:
        run(conn, files)
        files.version(3, "-- Later.\n")
        assert run(conn, files).steps == []

        for number in (2, 3):
            files.version(number, "create table public.forgotten ();")
            assert version(number) in refusal(conn, files).message
            files.version(number, "")


def test_the_tables_of_the_supabase_cli_are_shared(bare_database: Database, files: SqlFiles) -> None:
    text = (files.directory / "migrations" / f"{V1}_step.sql").read_text()
    with bare_database.connect() as conn:
        conn.execute((CLI_TABLES + API_COLUMNS).encode())
        conn.execute(text.encode())
        insert(conn, 1, split(text))
        files.version(2, "create table public.c (id int);")

        (line, _) = migrations.status(conn, directory=files.directory)
        assert (line.state, line.by, line.applied_at) == ("applied", "another tool", None)
        assert run(conn, files).paths == [f"{V2}_step.sql"]

        rows = conn.execute(f"select * from {HISTORY} order by version".encode()).fetchall()
        assert rows == [
            (V1, split(text), "step", None, None, None),
            (V2, ["create table public.c (id int)"], "step", None, None, None),
        ]


@pytest.mark.parametrize("how", ["one element", "nothing", "moved comments", "no name"])
def test_rows_recorded_by_other_tools_are_not_edits(
    bare_database: Database, files: SqlFiles, how: str
) -> None:
    path = files.directory / "migrations" / f"{V1}_step.sql"
    text = path.read_text()
    recorded = {
        "one element": [text],
        "nothing": None,
        "moved comments": [*split(text.replace("-- Another.\n", "")), "-- Another."],
        "no name": split(text),
    }
    with bare_database.connect() as conn:
        conn.execute(CLI_TABLES.encode())
        conn.execute(text.encode())
        insert(conn, 1, recorded[how], None)

        assert run(conn, files).steps == []
        assert set(states(conn, files).values()) == {"applied"}


def test_a_fetched_file_is_not_an_edit(bare_database: Database, files: SqlFiles) -> None:
    path = files.directory / "migrations" / f"{V1}_step.sql"
    path.write_text(path.read_text().replace("-- what\n)\n", ")"))
    with bare_database.connect() as conn:
        run(conn, files)
        (statements,) = names(conn, f"select statements from {HISTORY}")
        path.write_text(";\n".join(statements) + ";\n")  # like `supabase migration fetch`

        assert run(conn, files).steps == []


def test_a_history_that_has_only_versions_is_read_and_completed(
    bare_database: Database, files: SqlFiles
) -> None:
    with bare_database.connect() as conn:
        conn.execute(
            f"create schema supabase_migrations; create table {HISTORY} (version text primary key)".encode()
        )
        conn.execute(f"insert into {HISTORY} values ('{V1}')".encode())
        files.version(2, "select 2;")
        assert states(conn, files) == {f"{V1}_step.sql": "applied", f"{V2}_step.sql": "pending"}

        run(conn, files, dry_run=True)
        assert names(conn, "select count(*) from pg_tables where schemaname = 'supabase_migrations'") == [1]
        assert run(conn, files).paths == [f"{V2}_step.sql"]

        assert conn.execute(f"select * from {HISTORY} order by version".encode()).fetchall() == [
            (V1, None, None),
            (V2, ["select 2"], "step"),
        ]


def test_the_tables_of_an_older_chatctl_are_completed(bare_database: Database, files: SqlFiles) -> None:
    files.object("access/t.sql", policy("p"))
    text = (files.directory / "migrations" / f"{V1}_step.sql").read_text()
    with bare_database.connect() as conn:
        conn.execute((CLI_TABLES + OLDER_TABLES + text + policy("p")).encode())
        insert(conn, 1, split(text))
        conn.execute(
            "insert into supabase_migrations.chatctl_migrations "
            "(version, sha256, chatctl_version, duration_ms) "
            f"values ('{V1}', 'x', '0.1', 5); "
            "insert into supabase_migrations.chatctl_objects (path, sha256, chatctl_version) "
            "values ('objects/access/t.sql', 'x', '0.1'), ('objects/access/gone.sql', 'x', '0.1')"
        )
        assert states(conn, files)[f"{V1}_step.sql"] == "applied"

        assert run(conn, files).paths == ["t.sql"]
        assert run(conn, files).paths == ["-gone.sql"]

        line, *_ = migrations.status(conn, directory=files.directory)
        assert (line.state, line.by) == ("applied", "postgres")
        assert names(conn, "select drops from supabase_migrations.chatctl_objects") == [
            ["drop policy if exists p on public.t"]
        ]
        files.remove("access/t.sql")
        assert run(conn, files).drops == ["drop policy if exists p on public.t"]


def test_a_version_without_a_file_is_refused(bare_database: Database, files: SqlFiles) -> None:
    files.version(2, "select 2;", name="elsewhere")
    with bare_database.connect() as conn:
        run(conn, files)
        (files.directory / "migrations" / f"{V2}_elsewhere.sql").unlink()

        refused = refusal(conn, files)

        assert refused.message == (
            f"migration {V2}_elsewhere.sql was applied to the database, but its file is missing"
        )
        assert f"chatctl migrate repair {V2} --status reverted" in (refused.hint or "")
        (_, line) = migrations.status(conn, directory=files.directory)
        assert (line.state, line.version) == ("missing", V2)
        assert line.next == f"chatctl migrate repair {V2} --status reverted"


def test_a_version_renumbered_by_the_api_is_recognized(bare_database: Database, files: SqlFiles) -> None:
    with bare_database.connect() as conn:
        run(conn, files)
        conn.execute(f"update {HISTORY} set version = '{V3}'".encode())

        (pending, moved) = migrations.status(conn, directory=files.directory)

        assert (pending.state, moved.state) == ("out of order", "moved")
        assert moved.next == (
            f"chatctl migrate repair {V3} --status reverted && chatctl migrate repair {V1} --status applied"
        )


def test_a_file_older_than_the_newest_version_runs_only_on_request(
    bare_database: Database, files: SqlFiles
) -> None:
    files.version(3, "select 3;")
    with bare_database.connect() as conn:
        run(conn, files)
        files.version(2, "create table public.late ();")

        refused = refusal(conn, files)
        assert (
            refused.message == f"sql/migrations/{V2}_step.sql is older than {V3}, which was already applied"
        )
        assert f"{V2}_step.sql" in refusal(conn, files, to=V2).message
        assert states(conn, files)[f"{V2}_step.sql"] == "out of order"

        assert run(conn, files, include_all=True).paths == [f"{V2}_step.sql"]
        assert set(states(conn, files).values()) == {"applied"}


def test_to_stops_at_a_version_and_applies_objects_only_with_the_newest(
    bare_database: Database, files: SqlFiles
) -> None:
    files.version(1, TABLE)
    files.version(2, "select 2;")
    files.object("functions/f.sql", function("public.f"))
    with bare_database.connect() as conn:
        with pytest.raises(NotFound, match="--to 20990101000000: sql/migrations has no such version"):
            run(conn, files, to="20990101000000")

        assert run(conn, files, to=V1).paths == [f"{V1}_step.sql"]
        assert states(conn, files) == {
            f"{V1}_step.sql": "applied",
            f"{V2}_step.sql": "pending",
            "f.sql": "pending",
        }
        assert run(conn, files, to=V2).paths == [f"{V2}_step.sql", "f.sql"]
        assert run(conn, files, to=V1).steps == []


@pytest.mark.parametrize("dry_run", [True, False])
def test_to_stops_before_a_table_that_everybody_could_read(
    bare_database: Database, files: SqlFiles, *, dry_run: bool
) -> None:
    files.version(1, "create table public.open (id int);")
    files.version(2, "alter table public.open enable row level security;")
    with bare_database.connect() as conn:
        refused = refusal(conn, files, to=V1, dry_run=dry_run)

        assert refused.message == (
            f"after sql/migrations/{V1}_step.sql the API could read open, whose policies are created later"
        )
        assert names(conn, "select to_regclass('public.open')") == [None]
        assert run(conn, files, dry_run=dry_run).paths == [f"{V1}_step.sql", f"{V2}_step.sql"]


@pytest.mark.parametrize(
    "text", ["create table s.a (); commit; selec 1;", "begin; create table s.a (); end; selec 1;"]
)
def test_a_file_that_commits_is_not_left_half_applied(
    bare_database: Database, files: SqlFiles, text: str
) -> None:
    with bare_database.connect() as conn:
        conn.execute("create schema s")
        files.version(2, text)
        with pytest.raises(Invalid):
            run(conn, files)

        assert names(conn, "select to_regclass('s.a')") == [None]


def test_objects_are_never_versions(bare_database: Database, files: SqlFiles) -> None:
    files.object("functions/f.sql", function("public.f"))
    files.object("access/t.sql", policy("p"))
    with bare_database.connect() as conn:
        run(conn, files)
        run(conn, files, reapply=True)

        assert names(conn, f"select version from {HISTORY}") == [V1]
        assert names(conn, "select path from supabase_migrations.chatctl_objects order by 1") == [
            "objects/access/t.sql",
            "objects/functions/f.sql",
        ]
