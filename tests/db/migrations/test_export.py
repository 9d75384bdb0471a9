"""After another tool has applied the exported directory, chatctl has nothing to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from chatctl.data import data_directory
from chatctl.db.connection import Connection
from chatctl.errors import Conflict, Invalid
from chatctl.services import migrations
from chatctl.services.migrations import export
from chatctl.sqltext.statements import split
from tests.support.sqlfiles import (
    SCHEMA,
    TABLE,
    SqlFiles,
    function,
    functions,
    may,
    names,
    policies,
    policy,
    run,
    states,
    version,
    views,
)
from tests.support.world import Database

MARK = "-- chatctl:objects"
CLI_TABLES = """
create schema if not exists supabase_migrations;
create table if not exists supabase_migrations.schema_migrations (version text not null primary key);
alter table supabase_migrations.schema_migrations add column if not exists statements text[];
alter table supabase_migrations.schema_migrations add column if not exists name text;
"""


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "supabase" / "migrations"


def push(conn: Connection, target: Path) -> list[str]:
    """Apply new files of ``target`` like `supabase db push`: each file and its row in one transaction."""
    conn.execute(CLI_TABLES.encode())
    recorded = names(conn, "select version from supabase_migrations.schema_migrations")
    applied = []
    for path in sorted(target.glob("*.sql")):
        number, _, name = path.stem.partition("_")
        if number in recorded:
            continue
        statements = split(path.read_bytes().decode())
        row = (
            "insert into supabase_migrations.schema_migrations (version, name, statements) "
            "values (%s, %s, %s)"
        )
        if "concurrently" in path.read_text():
            conn.execute(statements[0].encode())
            conn.execute(row, (number, name, statements))
        else:
            with conn.transaction():
                conn.execute("reset all")
                for statement in statements:
                    conn.execute(statement.encode())
                conn.execute(row, (number, name, statements))
        applied.append(path.name)
    return applied


def exported(files: SqlFiles, target: Path, **how: Any) -> list[str]:
    """Export; returns the names of the files that were out of date."""
    outdated = export.write(files.directory, target, **how)
    return [f"{it.state} {it.path.name}" for it in outdated if it.state != "unchanged"]


def is_up_to_date(conn: Connection, files: SqlFiles) -> bool:
    """Whether everything is applied and chatctl has nothing to do."""
    return run(conn, files).steps == [] and set(states(conn, files).values()) == {"applied"}


def test_our_own_backend_is_the_same_applied_by_either_tool(
    bare_database: Database, database: Database, target: Path
) -> None:
    directory = data_directory("sql")
    export.write(directory, target)
    catalogue = (
        "select format('%s %s %s', polrelid::regclass, polname, pg_get_expr(polqual, polrelid)) "
        "from pg_policy union all select pg_get_functiondef(oid) from pg_proc "
        "where pronamespace in ('public'::regnamespace, 'private'::regnamespace) "
        "union all select format('%s %s', oid::regclass, relacl) from pg_class "
        "where relnamespace in ('public'::regnamespace, 'private'::regnamespace) "
        "union all select format('%s %s', prpubid, prrelid::regclass) from pg_publication_rel "
        "union all select pg_get_triggerdef(oid) from pg_trigger where not tgisinternal order by 1"
    )
    with bare_database.connect() as conn, database.connect() as ours:
        push(conn, target)

        assert migrations.migrate(conn) == []
        assert {line.state for line in migrations.status(conn)} == {"applied"}
        assert names(conn, catalogue) == names(ours, catalogue)
        assert push(ours, target) == []


def test_three_migrations_interleaved_with_objects_that_are_added_changed_and_removed(
    bare_database: Database, files: SqlFiles, target: Path
) -> None:
    files.object("functions/f.sql", function("s.f", "a int"))
    files.object("views/v.sql", "create or replace view s.v as select 1 as a;")
    files.object("access/t.sql", policy("p") + "grant select on public.t to authenticated;")
    with bare_database.connect() as conn:
        exported(files, target)
        assert push(conn, target) == [f"{version(1)}_step.sql"]
        assert is_up_to_date(conn, files)
        assert all(
            line.by in (None, "another tool") for line in migrations.status(conn, directory=files.directory)
        )

        files.version(2, "revoke all on public.t from anon, authenticated;")
        files.object("functions/f.sql", function("s.f", "a int, b text default 'x, y'"))
        files.object("views/v.sql", "drop view if exists s.v;\ncreate view s.v as select 2 as b;")
        files.object("access/t.sql", policy("p") + policy("q") + "grant select on table t to authenticated;")
        assert exported(files, target) == [f"written {version(1)}_step.sql", f"written {version(2)}_step.sql"]
        assert set(run(conn, files).paths) == {
            f"{version(2)}_step.sql",
            "f.sql",
            "v.sql",
            "t.sql",
            "-f.sql",
            "-t.sql",
        }
        assert functions(conn) == ["s.f(integer,text)"]
        assert push(conn, target) == []

        files.version(3, "select 3;")
        files.remove("views/v.sql")
        files.remove("functions/f.sql")
        files.object("functions/g.sql", function("s.g"))
        files.object("access/t.sql", policy('"q"', using="s.g()"))
        exported(files, target)
        assert push(conn, target) == [f"{version(3)}_step.sql"]

        assert is_up_to_date(conn, files)
        assert functions(conn) == ["s.g()"]
        assert (policies(conn), views(conn)) == (["q"], [])
        assert not may(conn, "select")
        assert names(
            conn, "select relname from pg_class where relname like 'chatctl\\_%' and relkind = 'r' order by 1"
        ) == [
            "chatctl_migrations",
            "chatctl_objects",
            "chatctl_unfinished",
        ]


@pytest.mark.parametrize(
    ("before", "after", "left"),
    [
        (policy("p"), policy('"p"', on="t"), ["p"]),
        (policy('"p"'), policy("P", on='"public"."t"'), ["p"]),
        (policy("p"), policy("q"), ["q"]),
    ],
)
def test_objects_spelled_differently_are_not_dropped_by_the_other_tool(
    bare_database: Database, files: SqlFiles, target: Path, before: str, after: str, left: list[str]
) -> None:
    with bare_database.connect() as conn:
        files.object("access/t.sql", before)
        exported(files, target)
        push(conn, target)
        files.version(2, "select 2;")
        files.object("access/t.sql", after)
        exported(files, target)
        push(conn, target)

        assert policies(conn) == left
        assert is_up_to_date(conn, files)


def test_objects_that_others_depend_on_are_refused_by_the_other_tool_too(
    bare_database: Database, files: SqlFiles, target: Path
) -> None:
    files.object("functions/f.sql", function("s.f"))
    with bare_database.connect() as conn:
        exported(files, target)
        push(conn, target)
        conn.execute("create view s.strange as select s.f()")
        files.version(2, "select 2;")
        files.remove("functions/f.sql")
        exported(files, target)

        with pytest.raises(psycopg.Error, match=r"cannot run: drop function if exists s\.f"):
            push(conn, target)
        assert functions(conn) == ["s.f()"]
        conn.execute("drop view s.strange")
        push(conn, target)
        assert functions(conn) == []


@pytest.mark.parametrize(
    "ending",
    [
        ";",
        "",
        ";\n\n\n",
        "; -- the end",
        " -- the end;",
        ";\n-- the end",
        "\n-- the end;\n",
        " /* the end; */",
        "; /* the\nend */\n",
        ";\r\n-- the end;\r\n",
        ";;",
    ],
)
def test_statements_stay_separate_whatever_a_file_ends_with(
    bare_database: Database, files: SqlFiles, target: Path, ending: str
) -> None:
    files.version(2, f"create table s.two (a int){ending}".encode())
    files.object("views/v.sql", f"create or replace view s.v as select 'a\r\nb' as a{ending}".encode())
    files.object("views/w.sql", f"create or replace view s.w as select 1 as a{ending}".encode())
    with bare_database.connect() as conn:
        exported(files, target)
        push(conn, target)

        assert views(conn) == ["v", "w"]
        assert is_up_to_date(conn, files)


def test_names_without_schema_are_found_by_the_other_tool_too(
    bare_database: Database, files: SqlFiles, target: Path
) -> None:
    files.object("views/a.sql", "create or replace view public.a as select * from z;")
    files.object("views/z.sql", "create or replace view public.z as select 1 as x;")
    with bare_database.connect() as conn:
        exported(files, target)
        push(conn, target)

        assert is_up_to_date(conn, files)


def test_unusual_names_and_characters_are_exported_unchanged(
    bare_database: Database, files: SqlFiles, target: Path
) -> None:
    odd = '"it\'s 100% a \\ ""policy"", {0} %s $1 ü"'
    files.object("access/it's {0} %s \\ ü.sql", policy(odd))
    files.object("functions/f.sql", function('s."F (\'x"', "a text default E'\\'; --', b text default $$;$$"))
    with bare_database.connect() as conn:
        exported(files, target)
        push(conn, target)
        assert is_up_to_date(conn, files)

        files.version(2, "select 2;")
        files.remove("access/it's {0} %s \\ ü.sql")
        files.remove("functions/f.sql")
        exported(files, target)
        push(conn, target)

        assert policies(conn) == functions(conn) == []
        assert is_up_to_date(conn, files)


def test_objects_are_appended_to_the_newest_transactional_migration(
    bare_database: Database, files: SqlFiles, target: Path
) -> None:
    alone = "-- chatctl:no-transaction\ncreate index concurrently t_a on public.t (a);\n"
    files.version(2, "select 2;")
    files.version(3, alone)
    files.object("access/t.sql", policy("p"))
    exported(files, target)

    assert [MARK in path.read_text() for path in sorted(target.iterdir())] == [False, True, False]
    assert (target / f"{version(3)}_step.sql").read_text() == alone
    with bare_database.connect() as conn:
        push(conn, target)
        assert is_up_to_date(conn, files)


def test_export_needs_a_transactional_migration(tmp_path: Path) -> None:
    files = SqlFiles(tmp_path / "sql")
    with pytest.raises(Invalid, match="has no migration in a transaction"):
        export.exported_files(files.directory)
    files.version(1, "-- chatctl:no-transaction\nselect 1;")
    with pytest.raises(Invalid, match="has no migration in a transaction"):
        export.exported_files(files.directory)


def test_the_same_files_give_the_same_bytes_in_any_listing_order(
    files: SqlFiles, target: Path, tmp_path: Path
) -> None:
    other = SqlFiles(tmp_path / "other")
    texts = {
        f"functions/{name}.sql": function(f"s.{name}", body=f"select s.{other}()")
        for name, other in [("a", "b"), ("b", "c"), ("c", "a")]
    }
    for path, text in texts.items():
        files.object(path, text)
    for path, text in reversed(texts.items()):
        other.object(path, text)
    other.version(1, TABLE + SCHEMA)

    assert exported(files, target) == [f"written {version(1)}_step.sql"]
    assert exported(files, target) == exported(other, target) == []


def test_files_are_exported_byte_for_byte(files: SqlFiles, target: Path) -> None:
    text = "-- Why.\r\n\nselect  'a  b \r\n\rc\f\u2028 ';  -- beside \r"
    files.version(1, text)
    files.version(2, text)
    files.object("views/v.sql", "create view s.v as\r\nselect 'a\r\nb\rc'; \r\n\r\n")
    exported(files, target)

    assert (target / f"{version(1)}_step.sql").read_bytes().decode() == text
    bearer = (target / f"{version(2)}_step.sql").read_bytes().decode()
    assert bearer.startswith(f"{text.rstrip()}\n;\n\n{MARK}\n")
    assert "\n-- objects/views/v.sql\ncreate view s.v as\r\nselect 'a\r\nb\rc';\n" in bearer


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_a_file_exported_with_other_line_endings_is_the_same_for_chatctl(
    bare_database: Database, files: SqlFiles, target: Path, end: str
) -> None:
    files.version(2, f"create view s.w as{end}select 'a{end}b';{end}-- the end{end}")
    files.object("views/v.sql", f"-- why{end}create view s.v as select 'a{end}b';{end}")
    with bare_database.connect() as conn:
        exported(files, target)
        push(conn, target)

        assert is_up_to_date(conn, files)
        assert names(conn, "select * from s.v union all select * from s.w") == [f"a{end}b"] * 2
        files.version(2, "create view s.w as\nselect 'a\nb';\n-- the end\n")
        files.object("views/v.sql", "-- why\ncreate view s.v as select 'a\nb';\n")
        assert is_up_to_date(conn, files)


def test_foreign_files_are_removed_only_on_request(files: SqlFiles, target: Path) -> None:
    target.mkdir(parents=True)
    for name in ("20200101000000_remote.sql", "README.md"):
        (target / name).write_text("mine")

    with pytest.raises(
        Conflict, match=r"contains other migrations: 20200101000000_remote\.sql; nothing was written"
    ):
        exported(files, target)
    assert len(list(target.iterdir())) == 2

    assert exported(files, target, prune=True) == [
        f"written {version(1)}_step.sql",
        "removed 20200101000000_remote.sql",
    ]
    assert sorted(path.name for path in target.iterdir()) == [f"{version(1)}_step.sql", "README.md"]


def test_a_check_writes_nothing(files: SqlFiles, target: Path) -> None:
    assert [it.state for it in export.compare(files.directory, target)] == ["missing"]
    assert not target.exists()
    exported(files, target)
    (target / f"{version(1)}_step.sql").write_text("edited")
    assert [it.state for it in export.compare(files.directory, target)] == ["outdated"]
    assert (target / f"{version(1)}_step.sql").read_text() == "edited"


def test_the_source_files_are_never_overwritten(files: SqlFiles, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(files.directory / "migrations")
    (tmp_path / "file").touch()
    for target in (
        files.directory / "migrations",
        files.directory / "objects" / ".." / "migrations",
        tmp_path / "link",
    ):
        with pytest.raises(Invalid, match="is the directory to export"):
            exported(files, target)
    for target in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(Invalid, match="is not a directory"):
            exported(files, target)
    assert MARK not in (files.directory / "migrations" / f"{version(1)}_step.sql").read_text()


def test_an_export_is_not_accepted_as_the_source_files(
    bare_database: Database, files: SqlFiles, target: Path
) -> None:
    files.object("access/t.sql", policy("p"))
    exported(files, target)
    with bare_database.connect() as conn:
        run(conn, files)
        # Without the objects directory, all objects would seem to be removed.
        with pytest.raises(Invalid, match="was written by `chatctl migrate export`"):
            migrations.migrate(conn, directory=target.parent)
        assert policies(conn) == ["p"]
