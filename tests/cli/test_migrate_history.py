"""``chatctl migrate status``, ``repair``, ``baseline``, ``new`` and ``export`` as users type them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Result
from tests.support.sqlfiles import SCHEMA, TABLE, SqlFiles, function, names, policy, version
from tests.support.world import Database

Chatctl = Callable[..., Result]
V1, V2, V3 = version(1), version(2), version(3)
HISTORY = "supabase_migrations.schema_migrations"


@pytest.fixture
def files(tmp_path: Path) -> SqlFiles:
    files = SqlFiles(tmp_path / "sql")
    files.version(1, TABLE + SCHEMA)
    files.object("access/t.sql", policy("p"))
    return files


@pytest.fixture
def migrate(chatctl: Chatctl, bare_database: Database, files: SqlFiles) -> Callable[..., Result]:
    """``chatctl migrate …`` on the bare database and the files."""

    def run(*arguments: str) -> Result:
        return chatctl(
            "migrate", *arguments, "--directory", str(files.directory), "--db-url", bare_database.url
        )

    return run


def lines(migrate: Callable[..., Result], *arguments: str) -> dict[str, Any]:
    """The state of each file according to status, by file name."""
    return {Path(line["path"]).name: line for line in migrate("status", "-o", "json", *arguments).document}


def test_each_suggested_command_leads_to_a_fully_migrated_database(
    chatctl: Chatctl, bare_database: Database, files: SqlFiles, migrate: Callable[..., Result]
) -> None:
    files.version(3, "create table s.three ();")
    files.version(5, "create table s.five ();")
    files.object("views/v.sql", "create or replace view s.v as select 1 as a;")
    assert migrate().exit_code == 0
    with bare_database.connect() as conn:
        conn.execute("drop view s.v")
        conn.execute(f"update {HISTORY} set version = '{version(4)}' where version = '{version(5)}'".encode())
        conn.execute(f"insert into {HISTORY} values ('{version(6)}', null, 'remote')".encode())
    files.version(2, "create table s.two ();")
    files.version(3, "create table s.three (); -- and\nselect 3;")
    files.version(7, "select 7;")
    files.object("functions/f.sql", function("s.f"))
    files.object("access/t.sql", policy("q"))

    states = lines(migrate, "--all")

    assert {name: line["state"] for name, line in states.items()} == {
        f"{V1}_step.sql": "applied",
        f"{V2}_step.sql": "out of order",
        f"{V3}_step.sql": "edited",
        f"{version(4)}_step.sql": "moved",
        f"{version(5)}_step.sql": "out of order",
        f"{version(6)}_remote.sql": "missing",
        f"{version(7)}_step.sql": "pending",
        "f.sql": "pending",
        "t.sql": "changed",
        "v.sql": "lost",
    }
    # Run the suggested commands for the history first: a run is refused while it contradicts the files.
    for kind in (" repair ", "--include-all", "--reapply"):
        for command in {line["next"]: None for line in states.values() if kind in (line["next"] or "")}:
            for part in command.split(" && "):
                assert chatctl(*shlex.split(part)[1:], "--db-url", bare_database.url).exit_code == 0

    states = lines(migrate, "--check", "--all")
    assert {(line["state"], line["next"]) for line in states.values()} == {("applied", None)}
    with bare_database.connect() as conn:
        assert names(conn, "select to_regclass('s.two') is not null and to_regclass('s.v') is not null") == [
            True
        ]


def test_status_shows_who_and_when(
    bare_database: Database, files: SqlFiles, migrate: Callable[..., Result]
) -> None:
    files.version(2, "select 2;")
    migrate()
    with bare_database.connect() as conn:
        conn.execute(f"delete from supabase_migrations.chatctl_migrations where version = '{V1}'".encode())

    states = lines(migrate)

    assert states[f"{V1}_step.sql"]["by"] == "another tool"
    assert states[f"{V1}_step.sql"]["applied_at"] is None
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", states[f"{V2}_step.sql"]["applied_at"])
    assert "t.sql" not in migrate("status").stdout


def test_repair_shows_its_plan_needs_no_yes_on_local_targets_and_has_a_dry_run(
    bare_database: Database, migrate: Callable[..., Result]
) -> None:
    rehearsed = migrate("repair", V1, "--status", "applied", "--dry-run", "-o", "json")
    assert rehearsed.document == [{"version": V1, "name": "step", "action": "add"}]
    assert "nothing was changed" in rehearsed.stderr
    with bare_database.connect() as conn:
        assert names(conn, "select to_regnamespace('supabase_migrations')") == [None]

    done = migrate("repair", V1, "--status", "applied", "-o", "json")
    assert (done.exit_code, done.document) == (0, rehearsed.document)
    again = migrate("repair", V1, "--status", "applied", "-o", "json")
    assert (again.exit_code, again.document) == (0, [])
    assert "nothing to do" in again.stderr

    assert migrate("repair", V1, "--status", "reverted", "-o", "id").stdout == f"{V1}\n"


@pytest.mark.parametrize(
    ("arguments", "exit_code", "reason"),
    [
        (["repair", V1], 2, "--status"),
        (["repair", V1, "--status", "done"], 2, "--status must be applied or reverted, not 'done'"),
        (
            ["repair", "%", "--status", "reverted"],
            3,
            "version % is neither among the files nor in the history",
        ),
        (["baseline", "--to", "1"], 3, "--to 1: sql/migrations has no such version"),
    ],
)
def test_wrong_arguments_are_explained(
    migrate: Callable[..., Result], arguments: list[str], exit_code: int, reason: str
) -> None:
    shown = migrate(*arguments)

    assert shown.exit_code == exit_code
    assert reason in shown.stderr
    assert "Traceback" not in shown.stderr


def test_writing_the_history_of_a_remote_database_needs_confirmation(
    chatctl: Chatctl, bare_database: Database, files: SqlFiles, tmp_path: Path
) -> None:
    (tmp_path / "chatctl.yaml").write_text(
        f"targets:\n  live:\n    environment: production\n    db_url: {bare_database.url}\n"
    )
    flags = ["--target", "live", "--directory", str(files.directory)]

    for verb in (["repair", V1, "--status", "applied"], ["baseline"]):
        shown = chatctl("migrate", *verb, *flags)
        assert (shown.exit_code, "needs --yes" in shown.stderr) == (2, True), verb
    with bare_database.connect() as conn:
        assert names(conn, "select to_regnamespace('supabase_migrations')") == [None]
    assert chatctl("migrate", "repair", V1, "--status", "applied", *flags, "--yes").exit_code == 0


def test_baseline_is_for_a_database_without_history(
    bare_database: Database, files: SqlFiles, migrate: Callable[..., Result]
) -> None:
    files.version(2, "create table s.two ();")
    with bare_database.connect() as conn:
        conn.execute((TABLE + SCHEMA).encode())

    assert migrate("baseline", "--to", V1, "--dry-run", "-o", "id").stdout == f"{V1}\n"
    assert migrate("baseline", "--to", V1).exit_code == 0
    refused = migrate("baseline")
    assert refused.exit_code == 5
    assert f"already has a history of 1 migrations up to {V1}_step.sql" in refused.stderr

    ran = migrate("-o", "json")
    assert [Path(step["path"]).name for step in ran.document["steps"]] == [f"{V2}_step.sql", "t.sql"]


def test_new_creates_a_file_and_prints_its_path(chatctl: Chatctl, files: SqlFiles) -> None:
    folder = files.directory / "migrations"
    where = ["--directory", str(files.directory)]

    rehearsed = chatctl("migrate", "new", "Add pins", "--dry-run", *where, "-o", "json")
    assert not Path(rehearsed.document["path"]).exists()
    created = chatctl("migrate", "new", "Add pins", *where)
    without_transaction = chatctl("migrate", "new", "index-on pins", "--no-transaction", *where, "-o", "json")

    assert re.fullmatch(rf"{re.escape(str(folder))}/\d{{14}}_add_pins\.sql\n", created.stdout)
    assert Path(created.stdout.strip()).read_text() == "-- Add pins: why, in a sentence.\n"
    assert (
        Path(without_transaction.document["path"]).read_text().splitlines()[1] == "-- chatctl:no-transaction"
    )
    assert sorted(path.name.split("_", 1)[1] for path in folder.iterdir()) == [
        "add_pins.sql",
        "index_on_pins.sql",
        "step.sql",
    ]
    assert without_transaction.document["version"] > created.stdout.split("/")[-1][:14]


@pytest.mark.parametrize("name", ["../x", "x" * 300])
def test_new_refuses_an_invalid_name(chatctl: Chatctl, files: SqlFiles, name: str) -> None:
    shown = chatctl("migrate", "new", name, "--directory", str(files.directory))

    assert (shown.exit_code, shown.stdout) == (2, "")
    assert "the name of a migration" in shown.stderr
    assert len(list((files.directory / "migrations").iterdir())) == 1


def test_a_file_that_was_applied_while_empty_is_not_forgotten_when_it_is_written(
    chatctl: Chatctl, files: SqlFiles, migrate: Callable[..., Result]
) -> None:
    new_file = Path(chatctl("migrate", "new", "later", "--directory", str(files.directory)).stdout.strip())
    assert migrate().exit_code == 0
    new_file.write_text(f"{new_file.read_text()}create table s.later ();\n")

    shown = migrate()

    assert shown.exit_code == 5
    assert f"{new_file.name} was edited after it was applied\n" in shown.stderr
    assert "  +create table s.later ()\n" in shown.stderr


def test_export_and_its_check_work(chatctl: Chatctl, files: SqlFiles, tmp_path: Path) -> None:
    target = tmp_path / "supabase" / "migrations"

    def export(*arguments: str) -> Result:
        return chatctl("migrate", "export", str(target), *arguments, "--directory", str(files.directory))

    assert export("--check").exit_code == 7
    assert not target.exists()
    written = export("-o", "json")
    assert [(it["state"], Path(it["path"]).name) for it in written.document] == [
        ("written", f"{V1}_step.sql")
    ]
    assert export("--check").exit_code == 0

    files.object("access/t.sql", policy("q"))
    stale = export("--check")
    assert (stale.exit_code, "1 file differs" in stale.stderr) == (7, True)
    assert "written" in export().stdout
    (target / "20200101000000_old.sql").write_text("")
    assert export().exit_code == 5
    assert export("--prune").exit_code == 0
    assert sorted(path.name for path in target.iterdir()) == [f"{V1}_step.sql"]


def test_export_never_overwrites_its_source_files(chatctl: Chatctl, files: SqlFiles, tmp_path: Path) -> None:
    before = (files.directory / "migrations" / f"{V1}_step.sql").read_text()
    (tmp_path / "file").touch()

    for target, reason in [
        ("sql/migrations", "is the directory to export"),
        ("file", "is not a directory"),
    ]:
        shown = chatctl("migrate", "export", target, "--directory", "sql")
        assert (shown.exit_code, reason in shown.stderr) == (2, True)
    assert (files.directory / "migrations" / f"{V1}_step.sql").read_text() == before


def test_export_names_files_before_it_deletes_them(files: SqlFiles, migrate: Callable[..., Result]) -> None:
    files.object("functions/f.sql", function("s.f"))
    files.object("storage/x.sql", "create table if not exists s.kept ();")
    migrate()
    files.remove("storage/x.sql")
    files.remove("access/t.sql")
    files.remove("functions/f.sql")
    files.object("functions/g.sql", function("s.f"))

    announced = migrate("--dry-run").stderr

    assert "objects/access/t.sql was removed: drop policy if exists p on public.t\n" in announced
    assert (
        "objects/storage/x.sql was removed; it has no drop statements, so its effects remain\n" in announced
    )
    assert "objects/functions/f.sql was removed; other files define its objects now\n" in announced
    assert announced.index("was removed") < announced.index("g.sql  ")


def test_an_older_version_than_the_applied_ones_is_not_gone_back_to(
    files: SqlFiles, migrate: Callable[..., Result]
) -> None:
    files.version(2, "create table s.two ();")
    assert migrate().exit_code == 0
    again = migrate("--to", version(1))
    assert again.exit_code == 0
    assert again.stdout == (
        f"nothing to do: every version up to {version(1)} is applied; newer ones are not undone\n"
    )
