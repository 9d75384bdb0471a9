"""Errors of ``chatctl migrate``: one clear line, an exit code and an unchanged database."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from chatctl.db.connection import connect
from chatctl.errors import NotAllowed
from chatctl.local.postgres.server import Server
from chatctl.waiting import until
from tests.cli.conftest import Result
from tests.support.sqlfiles import TABLE, SqlFiles, names, version
from tests.support.world import Database

Chatctl = Callable[..., Result]
V2 = f"{version(2)}_step.sql"


@pytest.fixture
def files(tmp_path: Path) -> SqlFiles:
    files = SqlFiles(tmp_path / "sql")
    files.version(1, TABLE)
    return files


def refused(shown: Result, exit_code: int) -> str:
    """The line of the error and the lines below it."""
    assert (shown.exit_code, shown.stdout) == (exit_code, "")
    assert "Traceback" not in shown.stderr
    assert "hunter2" not in shown.stderr
    assert "unexpected" not in shown.stderr
    before, _, message = shown.stderr.partition("error: ")
    assert message and "error: " not in message
    assert all(line.startswith(("target: ", "  ")) for line in before.splitlines())
    assert all(line.startswith("  ") for line in message.splitlines()[1:])
    return message


def migrate(chatctl: Chatctl, database: Database, files: SqlFiles, *arguments: str) -> Result:
    return chatctl("migrate", *arguments, "--directory", str(files.directory), "--db-url", database.url)


def untouched(database: Database) -> bool:
    """Whether the database has nothing but an empty history."""
    with database.connect() as conn:
        created = names(conn, "select coalesce(to_regclass('public.t')::oid, to_regnamespace('s'))")
        if names(conn, "select to_regnamespace('supabase_migrations')") != [None]:
            created += names(conn, "select version from supabase_migrations.schema_migrations")
        return created == [None]


@pytest.mark.parametrize(
    ("text", "line", "reason", "shown"),
    [
        (
            "create schema s;\n\ncreate tabel x;",
            3,
            'syntax error at or near "tabel" [42601]',
            "create tabel x",
        ),
        (
            "create schema s;\n-- 1\nselect 1;\n\n-- 3\n/* a\nb */ select 1/(a-a)\nfrom (select 1) v (a);",
            7,
            "division by zero [22012]",
            "from (select 1) v (a)",
        ),
        (
            "select 1;\nselect 2;\nselect 3,\n  absent;\n",
            4,
            'column "absent" does not exist [42703]',
            "absent",
        ),
        (
            "create schema s;\r\ncreate table s.t (\r\n  a integre\r\n);",
            3,
            'type "integre" does not exist [42704]',
            "a integre",
        ),
        ("select 'it''s;', $$ ; $$;\n  selec 2;", 2, 'syntax error at or near "selec" [42601]', "selec 2"),
        ("copy t from stdin;\n1\n\\.\n", 1, "copy from stdin requires a client", ""),
        ("\\set x 1\nselect 1;", 1, 'syntax error at or near "\\" [42601]', "\\set x 1"),
        ("select " + "1,\n" * 500 + "oops", 501, 'column "oops" does not exist', "…"),
    ],
)
def test_a_refused_statement_is_shown_with_its_line(
    chatctl: Chatctl, bare_database: Database, files: SqlFiles, text: str, line: int, reason: str, shown: str
) -> None:
    files.version(2, text)

    message = refused(migrate(chatctl, bare_database, files), 2)

    assert message.startswith(f"sql/migrations/{V2}:{line}: {reason}")
    assert shown in message
    assert len(message.splitlines()) <= 10
    assert untouched(bare_database)


@pytest.mark.parametrize(
    ("path", "content", "reason"),
    [
        (f"migrations/{V2}", None, "is a directory"),
        (f"migrations/{V2}", b"select '\0';", "it contains a NUL character"),
        ("objects/views/v.sql", b"select '\xe9';", "it is not UTF-8 at byte 8"),
    ],
)
def test_an_unreadable_file_is_named(
    chatctl: Chatctl, bare_database: Database, files: SqlFiles, path: str, content: bytes | None, reason: str
) -> None:
    place = files.directory / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.mkdir() if content is None else place.write_bytes(content)

    message = refused(migrate(chatctl, bare_database, files), 2)

    assert message.startswith(f"sql/{path} cannot be read: ")
    assert reason in message
    assert untouched(bare_database)


def test_a_missing_directory_is_named(chatctl: Chatctl, tmp_path: Path) -> None:
    nowhere = "postgresql://postgres:hunter2@127.0.0.1:1/postgres"
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    for name, reason in [
        ("absent", "does not exist"),
        ("file", "is not a directory"),
        ("empty", "has no folder migrations/"),
    ]:
        shown = chatctl("migrate", "--directory", str(tmp_path / name), "--db-url", nowhere)
        assert refused(shown, 3) == f"{tmp_path / name} {reason}\n"


def test_files_are_named_even_from_within_their_directory(
    chatctl: Chatctl, bare_database: Database, files: SqlFiles
) -> None:
    files.version(2, "selec 1;")

    shown = chatctl("migrate", "--directory", ".", "--db-url", bare_database.url, cwd=files.directory)

    assert refused(shown, 2).startswith(f"sql/migrations/{V2}:1: ")


def test_a_contradiction_to_the_history_is_a_conflict(
    chatctl: Chatctl, bare_database: Database, files: SqlFiles
) -> None:
    path = files.version(2, "select 1,\n  2;\n")
    assert migrate(chatctl, bare_database, files).exit_code == 0

    path.write_text("select 1,\n  '\x1b[31m';\n")
    message = refused(migrate(chatctl, bare_database, files), 5)
    assert message.startswith(f"sql/migrations/{V2} was edited after it was applied\n")
    assert "\n  -  2\n  +  '" in message
    assert "\x1b" not in message

    path.unlink()
    assert refused(migrate(chatctl, bare_database, files), 5).startswith(f"migration {V2}")
    assert refused(migrate(chatctl, bare_database, files, "--to", "20990101000000"), 5)
    path.write_text("select 1,\n  2;\n")
    assert "no such version" in refused(migrate(chatctl, bare_database, files, "--to", "20990101000000"), 3)


def test_another_migration_that_never_ends_is_a_conflict(
    chatctl: Chatctl, bare_database: Database, files: SqlFiles
) -> None:
    with bare_database.connect() as other:
        other.execute("select pg_advisory_lock(7232615413094158)")

        message = refused(migrate(chatctl, bare_database, files, "--deadline", "0.2"), 5)

    assert message.startswith("another migration is still running after 0.2 s: pid ")
    assert untouched(bare_database)


def test_a_role_without_privileges_is_not_allowed(
    chatctl: Chatctl, bare_database: Database, files: SqlFiles
) -> None:
    url = bare_database.server.url_for("authenticator", bare_database.name)

    shown = chatctl("migrate", "--directory", str(files.directory), "--db-url", url)

    assert "permission denied for database" in refused(shown, 4)


@pytest.mark.parametrize("verb", ["", "status", "repair 20260101000001 --status applied"])
def test_an_unresponsive_server_is_a_temporary_error(chatctl: Chatctl, verb: str) -> None:
    shown = chatctl(
        "migrate", *verb.split(), "--db-url", "postgresql://postgres:hunter2@127.0.0.1:1/postgres"
    )

    assert refused(shown, 8).startswith("no connection to the database: ")


@pytest.mark.parametrize(
    ("verb", "host"),
    [
        ("--dry-run", "pooler.invalid:6543"),
        ("", "a.invalid:5432,b.invalid:6543"),
        ("baseline", "pooler.invalid:6543"),
        ("repair 20260101000001 --status applied", "pooler.invalid:6543"),
    ],
)
def test_the_transaction_pooler_is_refused_before_anything_is_sent(
    chatctl: Chatctl, verb: str, host: str
) -> None:
    # This host does not exist: an attempt to connect would end with exit code 8.
    shown = chatctl(
        "migrate", *verb.split(), "--yes", "--db-url", f"postgresql://postgres:hunter2@{host}/postgres"
    )

    message = refused(shown, 2)
    assert "transaction pooler" in message
    assert ":5432/" in message


@pytest.mark.parametrize(
    "rest",
    [
        "hun%zzter2@127.0.0.1:1/db",  # a password with an unencoded percent sign
        "hunter2@[::1/db",
        "hunter2@127.0.0.1:port/db",
        "hunter2@127.0.0.1:1/db?sslmode=bogus",
    ],
)
def test_an_invalid_url_is_refused_without_showing_its_password(chatctl: Chatctl, rest: str) -> None:
    shown = chatctl("migrate", "--db-url", f"postgresql://postgres:{rest}")

    assert refused(shown, 2).startswith("the URL of the database cannot be read: ")
    assert "hun" not in shown.stderr


def test_a_traceback_shows_no_password_either(chatctl: Chatctl) -> None:
    shown = chatctl("migrate", "--debug", "--db-url", "postgresql://postgres:hun%zzter2@127.0.0.1:1/db")

    assert shown.exit_code == 2
    assert "Traceback" in shown.stderr
    assert "hun" not in shown.stderr


def test_a_missing_database_is_not_found(chatctl: Chatctl, server: Server, files: SqlFiles) -> None:
    for role, database, exit_code in [("postgres", "no such", 3), ("no such", "postgres", 4)]:
        shown = chatctl(
            "migrate", "--directory", str(files.directory), "--db-url", server.url_for(role, database)
        )
        assert '"no such" does not exist' in refused(shown, exit_code)


@pytest.fixture
def signs_in(server: Server) -> Iterator[str]:
    """A role that needs its password, ``secret``, to connect."""
    rules = server.directory / "data" / "pg_hba.conf"
    before = rules.read_text()
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        admin.execute("create role signs_in login password 'secret'")
        try:
            rules.write_text(f"local all signs_in scram-sha-256\n{before}")
            admin.execute("select pg_reload_conf()")
            until(lambda: _asks_for_a_password(server), seconds=10)
            yield "signs_in"
        finally:
            rules.write_text(before)
            admin.execute("select pg_reload_conf()")
            admin.execute("drop role signs_in")


def _asks_for_a_password(server: Server) -> bool:
    try:
        connect(server.url_for("signs_in")).close()
    except NotAllowed:
        return True
    return False


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        (":hunter2", "password authentication failed"),
        (":", "no password supplied"),
        ("", "no password supplied"),
    ],
)
def test_a_wrong_password_is_not_allowed(
    chatctl: Chatctl, server: Server, signs_in: str, password: str, reason: str
) -> None:
    url = server.url_for(signs_in).replace(f"{signs_in}@", f"{signs_in}{password}@")

    message = refused(chatctl("migrate", "status", "--db-url", url, env={"HOME": "/nowhere"}), 4)

    assert message.startswith("the database rejected the sign-in: ")
    assert reason in message


@pytest.mark.parametrize("output", [["-o", "json"], ["--output=ndjson"]])
def test_errors_are_json_if_the_output_is_json(
    chatctl: Chatctl, bare_database: Database, files: SqlFiles, output: list[str]
) -> None:
    files.version(2, "create tabel \"\\ \u2028 'x' y;")

    shown = migrate(chatctl, bare_database, files, *output)

    assert (shown.exit_code, shown.stdout) == (2, "")
    error = json.loads(shown.stderr.splitlines()[-1])["error"]
    assert (error["code"], error["exit"]) == ("INVALID", 2)
    assert error["message"].startswith(f"sql/migrations/{V2}:1: syntax error")
    assert "| create tabel" in error["hint"]
    assert untouched(bare_database)


def test_a_run_that_fails_among_files_outside_transactions_reports_what_was_applied(
    chatctl: Chatctl, bare_database: Database, files: SqlFiles
) -> None:
    files.version(2, "-- chatctl:no-transaction\ncreate index concurrently t_a on public.t (a);")
    files.version(3, "selec 3;")

    shown = migrate(chatctl, bare_database, files)

    assert shown.exit_code == 2
    with bare_database.connect() as conn:
        assert names(conn, "select version from supabase_migrations.schema_migrations order by 1") == [
            version(1),
            version(2),
        ]
    assert f"migrations/{V2}" in shown.stderr.partition("error: ")[0]
