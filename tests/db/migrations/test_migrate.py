"""``migrate`` on a real server: once, in one transaction, and one run at a time."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from chatctl.data import data_directory
from chatctl.errors import Conflict, Invalid
from chatctl.services import migrations
from chatctl.sqltext.statements import canonical
from tests.support.race import race_operators
from tests.support.world import Database


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A copy of sql/ to change."""
    return Path(shutil.copytree(data_directory("sql"), tmp_path / "sql"))


def test_everything_runs_as_a_role_that_is_not_a_superuser(bare_database: Database) -> None:
    with bare_database.connect() as conn:
        steps = migrations.migrate(conn)
        superuser = conn.execute("select rolsuper from pg_roles where rolname = current_user").fetchall()

        assert superuser == [(False,)]
        assert {step.kind for step in steps} == {"version", "object"}
        assert migrations.migrate(conn) == []
        assert {line.state for line in migrations.status(conn)} == {"applied"}


def test_the_history_is_in_the_table_of_the_supabase_cli(bare_database: Database) -> None:
    with bare_database.connect() as conn:
        migrations.migrate(conn)
        rows = conn.execute(
            "select version, name, statements from supabase_migrations.schema_migrations order by version"
        ).fetchall()

    local = migrations.migrations(data_directory("sql"))
    assert [(version, name) for version, name, _ in rows] == [(file.version, file.name) for file in local]
    for (_, _, statements), file in zip(rows, local, strict=True):
        assert canonical(statements) == canonical([file.text])
        assert all(not statement.rstrip().endswith(";") for statement in statements)


def test_a_dry_run_changes_nothing(bare_database: Database) -> None:
    with bare_database.connect() as conn:
        assert migrations.migrate(conn, dry_run=True)
        assert conn.execute("select to_regclass('public.messages')").fetchone() == (None,)
        assert {line.state for line in migrations.status(conn)} == {"pending"}


def test_a_file_that_fails_leaves_nothing_behind(bare_database: Database, files: Path) -> None:
    (files / "migrations" / "20990101000000_broken.sql").write_text(
        "create table ok (a int);\n\ncreate tabel x;\n"
    )

    with bare_database.connect() as conn:
        with pytest.raises(
            Invalid, match=r"sql/migrations/20990101000000_broken\.sql:3: .*tabel.* \[42601\]"
        ):
            migrations.migrate(conn, directory=files)
        assert conn.execute("select to_regclass('public.messages')").fetchone() == (None,)


def test_an_edited_applied_file_is_refused(bare_database: Database, files: Path) -> None:
    with bare_database.connect() as conn:
        migrations.migrate(conn, directory=files)
        path = next((files / "migrations").glob("*_messages.sql"))
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
        assert migrations.migrate(conn, directory=files) == []  # not an edit

        path.write_text(path.read_text(encoding="utf-8-sig") + "\ndrop table messages;\n")

        with pytest.raises(Conflict, match=r"_messages\.sql was edited"):
            migrations.migrate(conn, directory=files)
        assert "edited" in {line.state for line in migrations.status(conn, directory=files)}


def test_an_object_is_reapplied_when_its_text_changed(bare_database: Database, files: Path) -> None:
    with bare_database.connect() as conn:
        migrations.migrate(conn, directory=files)
        path = files / "objects" / "access" / "messages.sql"
        path.write_text(path.read_text() + "\n-- changed\n")

        steps = migrations.migrate(conn, directory=files)

    assert [step.path for step in steps] == ["objects/access/messages.sql"]


def test_all_objects_can_be_reapplied_at_any_time(bare_database: Database) -> None:
    with bare_database.connect() as conn:
        migrations.migrate(conn)
        conn.execute("update supabase_migrations.chatctl_objects set sha256 = 'old'")

        assert len(migrations.migrate(conn)) == len(migrations.objects(data_directory("sql")))


def test_two_concurrent_runs_both_succeed(bare_database: Database) -> None:
    outcomes = race_operators(bare_database, 2, lambda conn, _: len(migrations.migrate(conn)))

    assert 0 in outcomes
    assert max(outcomes) > 0


def test_no_reader_sees_a_table_without_its_policies(bare_database: Database) -> None:
    """Versions and objects appear together."""
    with bare_database.connect() as conn, bare_database.connect() as reader:
        with conn.transaction():
            migrations.migrate(conn)
            assert reader.execute("select to_regclass('public.messages')").fetchone() == (None,)
        row = reader.execute("select count(*) from pg_policies where tablename = 'messages'").fetchone()
        assert row == (3,)
