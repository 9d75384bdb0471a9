"""``chatctl migrate lint`` as people and CI use it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from chatctl.cli.app import run
from chatctl.data import data_directory
from chatctl.db.connection import connection
from chatctl.local.postgres import throwaway
from chatctl.services.migrations import migrate, migrations
from tests.cli.conftest import Result
from tests.support.world import Database

Chatctl = Callable[..., Result]
INDEX = "-- Quick.\ncreate index messages_content on public.messages (content);\n"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A copy of sql/ to change, including accepted.yaml."""
    return Path(shutil.copytree(data_directory("sql"), tmp_path / "sql"))


def test_our_own_files_have_no_findings(chatctl: Chatctl, tmp_path: Path) -> None:
    shown = chatctl("migrate", "lint")

    assert (shown.exit_code, shown.stdout) == (0, "")
    assert "nothing found in" in shown.stderr
    assert "not checked: applied_file_edited (needs a database" in shown.stderr
    assert not list(tmp_path.iterdir())  # no embedded server was created for it


def test_a_finding_is_exit_7_with_file_and_line(chatctl: Chatctl, files: Path) -> None:
    (files / "migrations" / "20270101000000_search.sql").write_text(INDEX)
    (files / "objects" / "access" / "open.sql").write_text(
        "-- Open.\ncreate policy open on public.messages for select using (sender_id = auth.uid());\n"
    )

    shown = chatctl("migrate", "lint", "--directory", "sql", "-o", "json")

    assert shown.exit_code == 7
    findings = {each["rule"]: each for each in shown.document["findings"]}
    assert set(findings) == {"require-concurrent-index-creation", "policy_without_to", "bare_auth_uid"}
    index = findings["require-concurrent-index-creation"]
    assert (index["where"], index["line"]) == ("migrations/20270101000000_search.sql:2", 2)
    assert "concurrently" in index["remedy"]
    assert findings["bare_auth_uid"]["where"] == "open on public.messages"
    assert {rule: each["level"] for rule, each in findings.items()} == dict.fromkeys(findings, "warning")
    assert findings["policy_without_to"]["title"] == "A policy names its roles with TO."
    assert {each["rule"] for each in shown.document["accepted"]} > {"view_without_security_invoker"}
    assert all(each["reason"] for each in shown.document["accepted"])
    assert [each["rules"] for each in shown.document["not_looked_at"]] == [["applied_file_edited"]]


def test_wrong_file_names_are_reported_with_the_other_findings(chatctl: Chatctl, files: Path) -> None:
    migrations = files / "migrations"
    (migrations / "20270101000000_search.sql").write_text(INDEX)
    (migrations / "20271301000000_month_13.sql").write_text("select 1;\n")
    (migrations / "20260123000500_again.sql").write_text("select 1;\n")
    (migrations / "hotfix.sql").write_bytes(b"select '\xe9';\n")

    shown = chatctl("migrate", "lint", "--directory", str(files))

    assert shown.exit_code == 7
    assert {tuple(line.split("\t")[:3]) for line in shown.stdout.splitlines()[1:]} == {
        ("unreadable_file", "migrations/hotfix.sql", "error"),
        ("version_format", "migrations/20271301000000_month_13.sql", "error"),
        ("version_twice", "migrations/20260123000500_seed_ledger.sql", "error"),
        ("require-concurrent-index-creation", "migrations/20270101000000_search.sql:2", "warning"),
    }
    assert "not checked: 34 rules about the schema (the files cannot be run: " in shown.stderr


def test_a_file_that_postgresql_refuses_is_exit_2(chatctl: Chatctl, files: Path) -> None:
    (files / "migrations" / "20270101000000_typo.sql").write_text("-- Typo.\n\ncreate tabel x ();\n")

    shown = chatctl("migrate", "lint", "--directory", str(files))

    assert (shown.exit_code, shown.stdout) == (2, "")
    assert "sql/migrations/20270101000000_typo.sql:3: syntax error" in shown.stderr


def test_accepting_a_finding_needs_a_reason(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "lints" / "accepted.yaml").write_text("squawk:\n  - rule: require-lock-timeout\n")

    assert run(["migrate", "lint", "--directory", str(files)]) == 2
    assert "lints/accepted.yaml:2: squawk[0].reason is missing" in capsys.readouterr().err


def test_an_unused_acceptance_is_a_finding(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = files / "lints" / "accepted.yaml"
    path.write_text(path.read_text() + "  - rule: policy_without_to\n    reason: there once was one\n")
    line = len(path.read_text().splitlines()) - 1

    assert run(["migrate", "lint", "--directory", str(files), "-o", "json"]) == 7

    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert (finding["rule"], finding["where"]) == ("accepted_without_cause", f"lints/accepted.yaml:{line}")


def test_nothing_is_accepted_without_a_file(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "lints" / "accepted.yaml").unlink()

    assert run(["migrate", "lint", "--directory", str(files)]) == 7
    assert "private.my_participations" in capsys.readouterr().out


def test_an_applied_file_that_was_edited_is_a_finding(
    database: Database, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edited = next((files / "migrations").glob("*_messages.sql"))
    edited.write_text(edited.read_text() + "\nalter table public.messages add column tags text[];\n")

    assert run(["migrate", "lint", "--directory", str(files), "--db-url", database.url]) == 7

    output = capsys.readouterr()
    assert f"applied_file_edited\tmigrations/{edited.name}\t" in output.out
    assert output.err.startswith(f"target: {database.name} on ")
    assert "not checked" not in output.err


def test_a_running_embedded_server_is_used(chatctl: Chatctl, tmp_path: Path) -> None:
    with throwaway.server() as server, connection(server.url) as conn:
        migrate(conn)
        conn.execute("update supabase_migrations.schema_migrations set statements = '{select 1}'")
        (tmp_path / ".chatctl").symlink_to(server.directory)

        shown = chatctl("migrate", "lint")

    assert shown.exit_code == 7
    assert shown.stdout.count("applied_file_edited") == len(migrations(data_directory("sql")))
    assert "target: embedded server in" in shown.stderr


def test_an_explicit_target_must_answer(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    url = f"postgresql://postgres@/postgres?host={tmp_path}"

    assert run(["migrate", "lint", "--db-url", url]) == 8
    assert "no connection" in capsys.readouterr().err


def test_the_rules_can_be_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["migrate", "lint", "--list", "-o", "json"]) == 0

    output = capsys.readouterr()
    rules = {each["name"] for each in json.loads(output.out)}
    assert {"version_twice", "applied_file_edited", "bare_auth_uid", "accepted_without_cause"} < rules
    assert "squawk" in output.err
