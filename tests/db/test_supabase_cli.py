"""chatctl and the Supabase CLI on one database: after one of them, the other has nothing to do."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from chatctl.data import data_directory
from chatctl.services import migrations
from chatctl.services.drift.compare import find
from chatctl.services.migrations import export
from chatctl.sqltext.statements import split
from tests.support.proxy import Proxy
from tests.support.sqlfiles import SqlFiles
from tests.support.world import Database

pytestmark = pytest.mark.slow

if TYPE_CHECKING:  # imported by pytest, which rewrites its assertions
    from tests.support.supabase_cli import SupabaseCli

pytest_plugins = ["tests.support.supabase_cli"]

UP_TO_DATE = "Remote database is up to date.\n"

# Each is a separate migration for which both tools must record the same statements.
SCRIPTS = {
    "nothing": "",
    "only_a_comment": "-- nothing\n",
    "empty_statements": ";; ;\n;select 1;;\n;",
    "no_semicolon_at_the_end": "select 1;\nselect 2",
    "comments_around": "-- before\nselect 1; -- beside\n\n/* between */ select 2;\n-- after\n",
    "block_comments": "select 1 /* ; /* ; */ it's ; */; select 2 /*/ ; */;",
    "comment_before_a_semicolon": "select 1 -- a; b\n;\nselect 2;",
    "text": "select ';', 'it''s; ok', E'\\';', 'a\\', U&'d\\0061t;', 'a'\n ';b'; select 2;",
    "identifiers": 'select 1 as "a;b", 2 as "a"";b", 3 as a$b; select 2;',
    "dollar_quotes": "do $$ begin perform 1; end $$; select $a$ $$;$$ ;$a$, $a1$;$a1$; select 2;",
    "parameters": "prepare p as select $1::int + $2::int; deallocate p;",
    "parentheses": "create table t (); create rule r as on insert to t do also (select ';'; select 2);",
    "atomic": "create function f() returns int begin atomic select case when true then 1 end; end; select 2;",
    "atomic_comments": "CREATE FUNCTION g() RETURNS INT BEGIN\n ATOMIC /* end */ SELECT 1; -- end;\nEND;",
    "atomic_names": (
        "create function n() returns int begin atomic select 1 as end, 2 as case; select 3; end; select 4;"
    ),
    "comment_before_the_end": "create table k (a int) -- why\n;\ncreate table l (a int);",
    "dollar_tag": "do $ä$ begin perform 1; end $ä$; select 2;",
    "escaped_in_parts": "select E'a'\n  '\\';b'; select 2;",
    "plpgsql_body": "create function h() returns int language plpgsql as 'begin return 1; end;'; select 2;",
    "own_transaction": "begin; create table own (); commit; select 2;",
    "white_space": "select 1;\f\v\n\u00a0select 2\t;",
    "byte_order_mark": "\ufeffselect 1;\nselect 2;\n",
    "line_ends": "-- a\r\nselect 'b\r\nc';\r\nselect $$\r\n$$ -- d\r, 2\r;\rselect\f3;\r\n",
    "odd_blanks": "select 1;\ufeff\u3000\u2028select 2\u1680;\u202f;\u00a0\n",
    "odd_blanks_in_text": 'select \'\u00a0;\u2028\', "\ufeff;" from (values (1)) as v ("\ufeff;");',
    "escaped_in_lines": "select E'a' -- ';\n -- ';\n '\\';b', E'c'';d'; select 2;",
}

PINNED = """-- Whether a message is pinned.
create or replace function public.pinned(p_since {type})
returns boolean
language sql stable
set search_path = ''
as $$ select p_since is not null $$;

revoke execute on function public.pinned({type}) from public, anon;
"""


class Project:
    """A directory as the Supabase CLI needs it, and the database to which it connects."""

    def __init__(self, cli: SupabaseCli, url: str, directory: Path) -> None:
        self.cli = cli
        self.url = url
        self.directory = directory
        self.migrations = directory / "supabase" / "migrations"
        self.migrations.mkdir(parents=True)

    def run(self, *arguments: str) -> str:
        """The stdout of a command, which must succeed."""
        done = self.cli.run(*arguments, f"--remote={self.url}", directory=self.directory)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def pending(self) -> list[str]:
        """The names of the files that a push would apply."""
        return list(json.loads(self.run("db", "push", "--dry-run", "--output-format=json"))["migrations"])

    def versions(self) -> list[tuple[str, str]]:
        """Each version as in the files and as in the database, '' where it is missing."""
        listed = json.loads(self.run("migration", "list", "--output-format=json"))
        return [(version["local"], version["remote"]) for version in listed["migrations"]]


@pytest.fixture
def project(supabase_cli: SupabaseCli, bare_database: Database, tmp_path: Path) -> Iterator[Project]:
    """An empty project on a database with the platform only."""
    with Proxy(bare_database.server) as proxy:
        yield Project(supabase_cli, proxy.url("postgres", bare_database.name), tmp_path / "project")


def exported(directory: Path) -> Path:
    """The files as ``chatctl migrate export`` writes them for the CLI, in ``directory``."""
    export.write(data_directory("sql"), directory)
    return directory


def copied(directory: Path) -> Path:
    """The unchanged migrations, in ``directory``."""
    return Path(shutil.copytree(data_directory("sql") / "migrations", directory, dirs_exist_ok=True))


def recorded(database: Database) -> list[tuple[Any, ...]]:
    with database.connect() as conn:
        return conn.execute(
            "select version, name, statements from supabase_migrations.schema_migrations order by version"
        ).fetchall()


def test_before_chatctl_everything_is_pending(project: Project) -> None:
    exported(project.migrations)
    names = sorted(path.name for path in project.migrations.iterdir())
    assert project.pending() == names
    assert project.versions() == [(name[:14], "") for name in names]


def test_after_chatctl_nothing_is_pending_for_the_cli(project: Project, bare_database: Database) -> None:
    with bare_database.connect() as conn:
        migrations.migrate(conn)
    exported(project.migrations)
    before = recorded(bare_database)

    assert project.pending() == []
    assert project.versions() == [(version, version) for version, _, _ in before]
    assert project.run("db", "push", "--yes") == UP_TO_DATE
    assert recorded(bare_database) == before


def test_after_the_cli_nothing_is_pending_for_chatctl(project: Project, bare_database: Database) -> None:
    exported(project.migrations)
    project.run("db", "push", "--yes")

    with bare_database.connect() as conn:
        assert {line.state for line in migrations.status(conn)} == {"applied"}
        assert migrations.migrate(conn) == []
    assert project.run("db", "push", "--yes") == UP_TO_DATE


@pytest.mark.parametrize("first", ["chatctl", "cli"])
def test_alternating_the_tools_leaves_nothing_pending(
    project: Project, bare_database: Database, tmp_path: Path, first: str
) -> None:
    """Three migrations, between which objects are added, changed and removed."""
    files = Path(shutil.copytree(data_directory("sql"), tmp_path / "sql"))
    functions = files / "objects" / "functions"

    def applied_by(tool: str) -> None:
        export.write(files, project.migrations)
        with bare_database.connect() as conn:
            if tool == "chatctl":
                assert migrations.migrate(conn, directory=files)
            else:
                project.run("db", "push", "--yes")
                assert migrations.migrate(conn, directory=files) == []
            assert {line.state for line in migrations.status(conn, directory=files)} == {"applied"}
            assert project.pending() == []
            assert find(conn, files) == []

    other = {"chatctl": "cli", "cli": "chatctl"}[first]
    applied_by(first)
    (files / "migrations" / "20270101000000_pins.sql").write_text(
        "-- Pinned messages.\nalter table public.messages add column pinned_at timestamptz;\n"
    )
    (functions / "toggle_reaction.sql").unlink()
    (functions / "pinned.sql").write_text(PINNED.format(type="timestamptz"))
    applied_by(other)
    (files / "migrations" / "20270102000000_pin_reasons.sql").write_text(
        "alter table public.messages add column pin_reason text;\n"
    )
    (functions / "pinned.sql").write_text(PINNED.format(type="text"))
    access = files / "objects" / "access" / "messages.sql"
    access.write_text(access.read_text().replace("participants read messages", "members read messages"))
    applied_by(first)


def test_both_record_the_same_rows(project: Project, bare_database: Database, database: Database) -> None:
    copied(project.migrations)
    project.run("db", "push", "--yes")

    assert recorded(bare_database) == recorded(database)  # migrated by chatctl


def test_both_split_scripts_the_same_way(project: Project, bare_database: Database) -> None:
    for number, (name, script) in enumerate(SCRIPTS.items(), 20260101000000):
        (project.migrations / f"{number}_{name}.sql").write_bytes(script.encode())
    project.run("db", "push", "--yes")

    assert {name: statements for _, name, statements in recorded(bare_database)} == {
        name: split(script) for name, script in SCRIPTS.items()
    }


def test_the_cli_applies_files_that_change_the_role(
    project: Project, bare_database: Database, tmp_path: Path
) -> None:
    files = SqlFiles(tmp_path / "sql")
    files.version(1, "create view public.one as select 1;\nset role authenticated;\nselect 1;\n")
    files.version(2, "create view public.two as select 2;\nselect set_config('role', 'anon', false);\n")
    files.version(3, "create view public.three as select 3;\nset local role authenticated;\n")
    files.object("views/four.sql", "create or replace view public.four as select 4;\nset search_path = '';")
    files.object("views/five.sql", "create or replace view five as select 5;\nset role authenticated;\n")
    files.object("views/six.sql", "create or replace view public.six as select 6;\n")
    export.write(files.directory, project.migrations)

    project.run("db", "push", "--yes")

    with bare_database.connect() as conn:
        assert migrations.migrate(conn, directory=files.directory) == []
        owner = conn.execute(
            "select viewname from pg_views where viewowner = 'postgres' order by 1"
        ).fetchall()
        assert [name for (name,) in owner] == ["five", "four", "one", "six", "three", "two"]
        assert find(conn, files.directory) == []


def test_a_file_fetched_by_the_cli_is_not_an_edit(
    project: Project, bare_database: Database, tmp_path: Path
) -> None:
    files = Path(shutil.copytree(data_directory("sql"), tmp_path / "sql"))
    with bare_database.connect() as conn:
        migrations.migrate(conn, directory=files)
        project.run("migration", "fetch")
        shutil.copytree(project.migrations, files / "migrations", dirs_exist_ok=True)
        assert {line.state for line in migrations.status(conn, directory=files)} == {"applied"}
