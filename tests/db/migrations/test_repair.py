"""Repairs of the history do what was shown, and record who did what from which revision."""

from __future__ import annotations

import getpass
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chatctl import __version__
from chatctl.data import data_directory
from chatctl.db.connection import Connection
from chatctl.errors import Conflict, NotFound
from chatctl.services import migrations
from chatctl.services.migrations import repair
from chatctl.services.migrations.repair import HistoryChange
from tests.support.sqlfiles import TABLE, SqlFiles, names, policy, run, states, version
from tests.support.world import Database

V1, V2, V3 = version(1), version(2), version(3)
HISTORY = "supabase_migrations.schema_migrations"


@pytest.fixture
def files(tmp_path: Path) -> SqlFiles:
    files = SqlFiles(tmp_path / "sql")
    files.version(1, TABLE)
    files.version(2, "create schema s;\ncreate table s.two ();")
    files.version(3, "-- chatctl:no-transaction\ncreate index concurrently t_a on public.t (a);")
    return files


def write(conn: Connection, files: SqlFiles, decide: Callable[[], list[HistoryChange]]) -> list[str]:
    """Apply the decided changes; returns each as its action and the last digit of the version."""
    shown = decide()
    repair.write(conn, files.directory, decide, shown=shown, deadline=1, on_wait=lambda _: None)
    return [f"{change.action} {change.version[-1]}" for change in shown]


def mark_as(conn: Connection, files: SqlFiles, status: repair.Status, *versions: str) -> list[str]:
    return write(conn, files, lambda: repair.repair(conn, files.directory, versions, status))


def baseline(conn: Connection, files: SqlFiles, to: str | None = None) -> list[str]:
    return write(conn, files, lambda: repair.baseline(conn, files.directory, to=to))


def versions(conn: Connection) -> list[Any]:
    return names(conn, f"select version from {HISTORY} order by 1")


def test_a_version_marked_as_applied_is_not_run(bare_database: Database, files: SqlFiles) -> None:
    with bare_database.connect() as conn:
        conn.execute(TABLE)

        assert mark_as(conn, files, "applied", V1, V1) == ["add 1"]
        assert mark_as(conn, files, "applied", V1) == []
        assert states(conn, files)[f"{V1}_step.sql"] == "applied"
        assert run(conn, files).paths == [f"{V2}_step.sql", f"{V3}_step.sql"]


def test_a_version_marked_as_reverted_runs_again(bare_database: Database, files: SqlFiles) -> None:
    with bare_database.connect() as conn:
        run(conn, files)
        conn.execute("drop schema s cascade")

        assert mark_as(conn, files, "reverted", V3, V2) == ["remove 3", "remove 2"]
        assert mark_as(conn, files, "reverted", V2, V3) == []
        assert names(conn, "select version from supabase_migrations.chatctl_migrations") == [V1]
        conn.execute("drop index t_a")
        assert run(conn, files).paths == [f"{V2}_step.sql", f"{V3}_step.sql"]


def test_an_edited_version_is_recorded_again(bare_database: Database, files: SqlFiles) -> None:
    with bare_database.connect() as conn:
        run(conn, files)
        files.version(2, "create schema s;\ncreate table s.two (id int);")

        assert mark_as(conn, files, "applied", V1, V2, V3) == ["rewrite 2"]
        assert set(states(conn, files).values()) == {"applied"}
        assert names(conn, "select relnatts from pg_class where relname = 'two'") == [0]


def test_rows_of_other_tools_are_completed_and_other_names_corrected(
    bare_database: Database, files: SqlFiles
) -> None:
    with bare_database.connect() as conn:
        run(conn, files)
        conn.execute(f"update {HISTORY} set statements = null where version = '{V1}'".encode())
        conn.execute(f"update {HISTORY} set name = 'other' where version = '{V2}'".encode())

        assert mark_as(conn, files, "applied", V1, V2, V3) == ["rewrite 1", "rewrite 2"]
        assert names(conn, f"select name from {HISTORY}") == ["step"] * 3


def test_an_unknown_version_is_not_found(bare_database: Database, files: SqlFiles) -> None:
    with bare_database.connect() as conn:
        for status in ("applied", "reverted"):
            with pytest.raises(NotFound, match="20990101000000"):
                mark_as(conn, files, status, V1, "20990101000000")
        assert names(conn, "select to_regnamespace('supabase_migrations')") == [None]


def test_nothing_is_changed_if_the_history_changed_since_it_was_shown(
    bare_database: Database, files: SqlFiles
) -> None:
    with bare_database.connect() as conn, bare_database.connect() as other:
        run(conn, files, to=V1)
        shown = repair.repair(conn, files.directory, [V1, V2], "applied")
        assert shown == [HistoryChange(V2, "step", "add")]
        run(other, files)

        with pytest.raises(Conflict, match="the history was changed concurrently; nothing was changed"):
            repair.write(
                conn,
                files.directory,
                lambda: repair.repair(conn, files.directory, [V1, V2], "applied"),
                shown=shown,
                deadline=1,
                on_wait=lambda _: None,
            )
        assert versions(conn) == [V1, V2, V3]
        assert run(conn, files).steps == []  # and the lock is released


def test_a_file_that_was_started_and_never_recorded_can_be_marked_as_applied(
    bare_database: Database, files: SqlFiles
) -> None:
    with bare_database.connect() as conn:
        run(conn, files)
        conn.execute(
            f"insert into supabase_migrations.chatctl_unfinished (version, sha256) values ('{V3}', 'x'); "
            f"delete from {HISTORY} where version = '{V3}'".encode()
        )
        assert states(conn, files)[f"{V3}_step.sql"] == "unfinished"

        assert mark_as(conn, files, "applied", V3) == ["add 3"]

        assert states(conn, files)[f"{V3}_step.sql"] == "applied"
        assert names(conn, "select version from supabase_migrations.chatctl_unfinished") == []


def test_a_database_built_by_hand_gets_its_history(bare_database: Database, files: SqlFiles) -> None:
    files.object("access/t.sql", policy("p"))
    with bare_database.connect() as conn:
        for path in sorted((files.directory / "migrations").iterdir()):
            conn.execute(path.read_text().encode())  # like `psql -f`

        with pytest.raises(NotFound, match="--to 20990101000000"):
            baseline(conn, files, "20990101000000")
        assert baseline(conn, files, V2) == ["add 1", "add 2"]
        assert set(states(conn, files).values()) == {"applied", "pending"}
        with pytest.raises(Conflict, match=f"already has a history of 2 migrations up to {V2}_step.sql"):
            baseline(conn, files)

        assert mark_as(conn, files, "applied", V3) == ["add 3"]
        assert run(conn, files).paths == ["t.sql"]
        assert set(states(conn, files).values()) == {"applied"}


def test_our_own_backend_built_by_hand_gets_its_history(bare_database: Database) -> None:
    directory = data_directory("sql")
    with bare_database.connect() as conn:
        for file in migrations.migrations(directory):
            conn.execute(file.text.encode())

        changes = repair.baseline(conn, directory)
        repair.write(
            conn,
            directory,
            lambda: repair.baseline(conn, directory),
            shown=changes,
            deadline=1,
            on_wait=lambda _: None,
        )

        assert {step.kind for step in migrations.migrate(conn)} == {"object"}
        assert {line.state for line in migrations.status(conn)} == {"applied"}


def test_an_empty_history_counts_as_none(bare_database: Database, files: SqlFiles) -> None:
    with bare_database.connect() as conn:
        run(conn, files)
        assert mark_as(conn, files, "reverted", V1, V2, V3) == ["remove 1", "remove 2", "remove 3"]

        assert baseline(conn, files) == ["add 1", "add 2", "add 3"]


def test_the_history_records_who_and_how(
    bare_database: Database, files: SqlFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    details = (
        "select applied_by, actor, chatctl_version, git_revision, duration_ms >= 0, length(sha256) "
        "from supabase_migrations.chatctl_migrations"
    )
    files.object("access/t.sql", policy("p"))
    with bare_database.connect() as conn:
        monkeypatch.setenv("CHATCTL_ACTOR", " ci: run 7\n")
        run(conn, files)
        assert set(conn.execute(details)) == {("postgres", "ci: run 7", __version__, None, True, 64)}
        assert {line.by for line in migrations.status(conn, directory=files.directory) if line.by} == {
            "ci: run 7"
        }
        assert names(conn, "select actor from supabase_migrations.chatctl_objects") == ["ci: run 7"]

        monkeypatch.delenv("CHATCTL_ACTOR")
        mark_as(conn, files, "reverted", V1)
        mark_as(conn, files, "applied", V1)
        (line, *_) = migrations.status(conn, directory=files.directory)
        assert (line.by or "").startswith(f"{getpass.getuser()}@")


def test_the_history_records_the_git_revision(
    bare_database: Database, files: SqlFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")

    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.test"]
        done = subprocess.run(
            ["git", *identity, *arguments],
            cwd=files.directory.parent,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def revision_of(conn: Connection, number: int, text: str = "select 1;") -> Any:
        files.version(number, text)
        run(conn, files)
        return names(
            conn,
            "select git_revision from supabase_migrations.chatctl_migrations "
            f"where version = '{version(number)}'",
        )[0]

    with bare_database.connect() as conn:
        git("init", "--quiet")
        assert revision_of(conn, 4) is None  # a checkout that does not contain the files
        git("add", "sql")
        assert revision_of(conn, 5) is None  # nothing is committed
        git("add", "sql")
        git("commit", "--quiet", "--message", "one")
        files.version(6, "select 6;")
        git("add", "sql")
        git("commit", "--quiet", "--message", "two")
        run(conn, files)
        head = git("rev-parse", "HEAD")
        assert names(
            conn,
            "select git_revision from supabase_migrations.chatctl_migrations where git_revision is not null",
        ) == [head]
        assert revision_of(conn, 7) == f"{head}-dirty"

        (files.directory.parent / "elsewhere.txt").write_text("not ours")
        git("add", "sql")
        git("commit", "--quiet", "--message", "three")
        mark_as(conn, files, "reverted", version(7))
        run(conn, files)
        assert names(
            conn,
            "select git_revision from supabase_migrations.chatctl_migrations order by version desc limit 1",
        ) == [git("rev-parse", "HEAD")]
