"""``chatctl migrate`` as users type it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.cli.conftest import Result
from tests.support.world import Database

Chatctl = Callable[..., Result]


def test_a_second_migrate_has_nothing_to_do(chatctl: Chatctl, bare_database: Database) -> None:
    url = bare_database.url
    assert chatctl("migrate", "status", "--check", "--db-url", url).exit_code == 7

    first = chatctl("migrate", "--db-url", url, "-o", "json")
    second = chatctl("migrate", "--db-url", url, "-o", "json")

    assert first.exit_code == second.exit_code == 0
    assert {step["kind"] for step in first.document["steps"]} == {"version", "object"}
    assert second.document["steps"] == []
    assert chatctl("migrate", "status", "--check", "--db-url", url).exit_code == 0


@pytest.mark.parametrize("command", ["migrate", "migrate status"])
def test_without_pending_work_the_scanner_is_not_imported(database: Database, command: str) -> None:
    arguments = [*command.split(), "--db-url", database.url, "-q"]
    script = (
        "import sys; from chatctl.cli.app import run\n"
        f"assert run({arguments!r}) == 0\n"
        "assert 'psycopg' in sys.modules\n"
        "assert 'postgast' not in sys.modules"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("option", ["--reapply", "--restate"])
def test_both_names_of_the_option_reapply_all_objects(
    chatctl: Chatctl, database: Database, option: str
) -> None:
    again = chatctl("migrate", option, "--db-url", database.url, "-o", "json")

    assert again.exit_code == 0
    assert {step["kind"] for step in again.document["steps"]} == {"object"}


def test_dry_run_says_so_and_changes_nothing(chatctl: Chatctl, bare_database: Database) -> None:
    shown = chatctl("migrate", "--dry-run", "--db-url", bare_database.url)

    assert shown.exit_code == 0
    assert "rolled back" in shown.stdout
    assert chatctl("migrate", "status", "--check", "--db-url", bare_database.url).exit_code == 7


def test_progress_on_stderr_names_every_file(chatctl: Chatctl, bare_database: Database) -> None:
    shown = chatctl("migrate", "--db-url", bare_database.url)

    assert "migrations/20260123000100_organizations.sql" in shown.stderr
    assert "objects/access/messages.sql" in shown.stderr


def test_the_target_is_named_in_one_line_on_stderr(chatctl: Chatctl, database: Database) -> None:
    shown = chatctl("migrate", "status", "--db-url", database.url)

    assert shown.stderr.startswith(f"target: {database.name} on ")


def test_findings_of_a_check_are_one_line_or_none_with_quiet(
    chatctl: Chatctl, bare_database: Database
) -> None:
    check = ["migrate", "status", "--check", "--db-url", bare_database.url]
    shown, quiet, combined = chatctl(*check), chatctl(*check, "-q"), chatctl(*check, "-qy")
    as_json = chatctl(*check, "-o", "json")

    assert shown.exit_code == quiet.exit_code == combined.exit_code == as_json.exit_code == 7
    assert shown.stderr.splitlines()[-1].endswith(" not applied")
    assert "error" not in shown.stderr
    assert quiet.stderr == combined.stderr == ""
    assert json.loads(as_json.stderr.splitlines()[-1])["error"]["code"] == "FOUND"
