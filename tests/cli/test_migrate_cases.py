"""Small directories of migrations: chatctl gets the same result as psql, or refuses what psql refuses.

Each directory in tests/cases/migrate and its line in the table are one case; %DB% in a file stands for the
name of the database. psql runs each file in a session of its own, and each statement in a transaction.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString

import pytest
from psycopg import sql

from chatctl.db.connection import Connection, connect
from chatctl.local.postgres.binaries import clean_environment, program
from chatctl.local.postgres.server import Server
from tests.cli.conftest import Result
from tests.support.world import Database

DIRECTORY = Path(__file__).parent.parent / "cases" / "migrate"


@dataclass(frozen=True)
class Case:
    """What a directory tests, and the errors if psql and chatctl refuse it."""

    fact: str
    refused_at: str | None = None


CASES = {
    "atomic-bodies": Case("a semicolon in an atomic body ends no statement, wherever its words stand"),
    "control-characters": Case("carriage returns, form feeds and odd blanks stay what they are"),
    "crlf": Case("the line ends in texts and function bodies are those of the file"),
    "deferred-at-the-end": Case(
        "a deferred check is made before the next file", refused_at="20260101000002_b.sql: "
    ),
    "deferred-then-altered": Case("a table with deferred checks can be altered by the next file"),
    "escaped-text-and-dashes": Case("many dashes after an escaped text are a comment"),
    "guard": Case("what a file raises is its own error", refused_at="20260101000001_a.sql:2: "),
    "marker-after-a-comment": Case("the marker may follow a block comment"),
    "same-select": Case("a query can be repeated while its table changes"),
    "set-role": Case("the next file runs as the role that signed in"),
    "set-role-of-an-owner": Case("the next file's tables belong to the role that signed in"),
    "settings": Case("settings, prepared statements and temporary tables end with their file"),
    "temporary-tables": Case("temporary tables of the same name can be in two files"),
    "too-many-columns": Case("a limit of PostgreSQL is for good", refused_at="20260101000001_a.sql:1: "),
}


def test_each_directory_is_a_case() -> None:
    assert {path.name for path in DIRECTORY.iterdir()} == set(CASES)


@pytest.mark.parametrize(("name", "case"), CASES.items(), ids=list(CASES))
def test_psql_gives_the_expected_result(
    chatctl: Callable[..., Result],
    forget_roles: Callable[[Database], None],
    twin_database: Database,
    bare_database: Database,
    tmp_path: Path,
    name: str,
    case: Case,
) -> None:
    before = dump(bare_database)
    refused = by_psql(twin_database, files(name, twin_database, tmp_path / "psql"))
    expected = dump(twin_database)
    forget_roles(twin_database)

    directory = files(name, bare_database, tmp_path / "sql")
    shown = chatctl("migrate", "--directory", str(directory), "--db-url", bare_database.url)

    if case.refused_at is None:
        assert (refused, shown.stderr.partition("error: ")[2]) == ("", "")
        assert dump(bare_database) == expected
    else:
        reason = refused.partition("ERROR:  ")[2].partition("\n")[0]
        error = shown.stderr.partition("error: ")[2]
        assert error.startswith(f"sql/migrations/{case.refused_at}{reason} [")
        assert shown.exit_code == 2
        assert dump(bare_database) == before


@pytest.fixture
def forget_roles(server: Server) -> Iterator[Callable[[Database], None]]:
    """Drop the new roles, which belong to the whole server, and everything they own in one database."""
    # Not in the template of the clones: nobody may be connected to it.
    with connect(server.url_for("supabase_admin", "template1")) as admin:
        known = [name for (name,) in admin.execute("select rolname from pg_roles")]

        def drop(conn: Connection, statement: LiteralString) -> None:
            new = admin.execute("select rolname from pg_roles where rolname <> all (%s)", [known]).fetchall()
            for (name,) in new:
                conn.execute(sql.SQL(statement).format(sql.Identifier(name)))

        def forget(database: Database) -> None:
            with database.connect("supabase_admin") as conn:
                drop(conn, "drop owned by {} cascade")
            drop(admin, "drop role {}")

        yield forget
        drop(admin, "drop role {}")


def files(name: str, database: Database, directory: Path) -> Path:
    """A copy of the files of a case, with the name of ``database`` filled in."""
    shutil.copytree(DIRECTORY / name, directory)
    for path in directory.rglob("*.sql"):
        path.write_bytes(path.read_bytes().replace(b"%DB%", database.name.encode()))
    return directory


def by_psql(database: Database, directory: Path) -> str:
    """Run the migrations with psql; returns the error of the first one that fails."""
    for path in sorted((directory / "migrations").iterdir()):
        done = run("psql", "-qX", "-v", "ON_ERROR_STOP=1", "-f", str(path), database.url)
        if done.returncode:
            return done.stderr.decode()
    return ""


def dump(database: Database) -> list[bytes]:
    """A dump of the whole database: definitions, owners, privileges and rows."""
    done = run("pg_dump", "--exclude-schema=supabase_migrations", database.url)
    assert done.returncode == 0, done.stderr
    # Without the first and the last line, which contain a random key.
    return [
        line for line in done.stdout.split(b"\n") if not line.startswith((b"\\restrict", b"\\unrestrict"))
    ]


def run(name: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [program(18, name), *arguments], env=clean_environment(), capture_output=True, check=False
    )
