"""What all commands have in common: exit codes, streams, shared options, no secrets."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from chatctl.cli.app import COMMANDS, run
from tests.cli.conftest import Result
from tests.support.forks import variables
from tests.support.world import Database

ROOT = Path(__file__).parent.parent.parent
Chatctl = Callable[..., Result]


@pytest.fixture
def chatctl(process: Chatctl) -> Chatctl:
    """A real process: only these tests cover how chatctl starts."""
    return process


def test_without_arguments_the_help_is_shown(chatctl: Chatctl) -> None:
    shown = chatctl()

    assert "Commands:" in shown.stdout + shown.stderr
    assert all(name in shown.stdout + shown.stderr for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_help_text(chatctl: Chatctl, name: str) -> None:
    for flag in ("--help", "-h"):
        shown = chatctl(name, flag)
        assert shown.exit_code == 0
        assert "Examples:" in shown.stdout
        assert "--db-url" in shown.stdout


def test_shared_options_are_accepted_before_and_after_the_command(
    chatctl: Chatctl, database: Database
) -> None:
    after = chatctl("migrate", "status", "--db-url", database.url, "-o", "json")
    before = chatctl("--db-url", database.url, "-o", "json", "migrate", "status")

    assert after.document == before.document
    assert after.exit_code == before.exit_code == 0


def test_an_option_after_the_command_wins(chatctl: Chatctl, database: Database) -> None:
    shown = chatctl("-o", "yaml", "migrate", "status", "--db-url", database.url, "-o", "json")

    assert isinstance(shown.document, list)


def test_quiet_prints_only_the_data(chatctl: Chatctl, database: Database) -> None:
    shown = chatctl("migrate", "status", "--db-url", database.url, "-o", "json", "-q")

    assert shown.document
    assert shown.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (["nonsense"], 2),
        (["migrate", "--nonsense"], 2),
        (["migrate", "-o", "nonsense"], 2),
        (["migrate", "--db-url", "mysql://h/d"], 2),
        (["migrate", "--target", "nowhere"], 3),
        (["migrate", "--db-url", "postgresql://postgres:hunter2@127.0.0.1:1/postgres"], 8),
        (["migrate", "--db-url", "postgresql://postgres:hunter2@db.invalid/postgres", "--yes"], 8),
        (["--db-url", "x", "--target", "y", "migrate"], 2),
    ],
)
def test_each_error_has_its_exit_code_and_one_clear_line(
    chatctl: Chatctl, arguments: list[str], exit_code: int
) -> None:
    shown = chatctl(*arguments)

    assert shown.exit_code == exit_code
    assert shown.stdout == ""
    assert "error: " in shown.stderr
    assert "Traceback" not in shown.stderr
    assert "hunter2" not in shown.stderr


@pytest.mark.parametrize(
    ("arguments", "message", "command"),
    [
        ("migrate status --nope", "there is no option --nope", "chatctl migrate status"),
        ("audit-rls --sampl 3", "there is no option --sampl; did you mean --sample?", "chatctl audit-rls"),
        ("migrat", "there is no command migrat; did you mean migrate?", "chatctl"),
        ("migrate statu", "there is no command statu; did you mean status?", "chatctl migrate"),
        ("seed from", "FILE.yaml is missing", "chatctl seed from"),
        ("seed --seed x", "--seed must be a whole number, not 'x'", "chatctl seed"),
        ("seed --seed 1.5", "--seed must be a whole number, not '1.5'", "chatctl seed"),
        ("loadtest --users 0", "--users must be at least 1, not '0'", "chatctl loadtest"),
        ("loadtest --rate x", "--rate must be a number, not 'x'", "chatctl loadtest"),
    ],
)
def test_a_usage_error_is_reported_like_every_other_error(
    capsys: pytest.CaptureFixture[str], arguments: str, message: str, command: str
) -> None:
    assert run(arguments.split()) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == f"error: {message}"
    assert lines[1].startswith(f"  usage: {command} ")
    assert lines[2:] == [f"  `{command} -h` shows the options"]

    assert run([*arguments.split(), "-o", "json"]) == 2
    error = json.loads(capsys.readouterr().err)["error"]
    assert (error["code"], error["message"], error["exit"]) == ("INVALID", message, 2)


def test_help_is_shown_unchanged_for_a_group_without_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["local"]) == 2
    assert "The database, as a postgresql:// URL." in capsys.readouterr().err


def test_an_error_under_json_is_one_object_on_stderr(chatctl: Chatctl) -> None:
    shown = chatctl("migrate", "-q", "-o", "json", "--db-url", "postgresql://u:hunter2@127.0.0.1:1/x")

    assert shown.stdout == ""
    error = json.loads(shown.stderr)["error"]
    assert (error["code"], error["exit"]) == ("UNAVAILABLE", 8)


def test_a_traceback_shows_no_password(chatctl: Chatctl) -> None:
    shown = chatctl("migrate", "--debug", "--db-url", "postgresql://u:hunter2@127.0.0.1:1/x")

    assert "Traceback" in shown.stderr
    assert "hunter2" not in shown.stderr


def test_a_long_error_of_a_server_does_not_fill_the_terminal(
    chatctl: Chatctl, bare_database: Database, tmp_path: Path
) -> None:
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "20990101000001_huge.sql").write_text(
        "do $$ begin raise exception '%', repeat('x y ', 1000000) using hint = repeat('h ', 1000000); end $$;"
    )
    for more in ([], ["--debug"], ["-o", "json"]):
        shown = chatctl("migrate", "--directory", str(tmp_path), "--db-url", bare_database.url, *more)
        assert shown.exit_code == 2
        assert len(shown.stderr) < 40_000
        assert "20990101000001_huge.sql" in shown.stderr
        assert "cut from" in shown.stderr


def test_a_missing_role_is_not_allowed_and_a_missing_database_is_not_found(
    chatctl: Chatctl, database: Database
) -> None:
    nobody = chatctl("migrate", "status", "--db-url", database.server.url_for("nobody", database.name))
    nowhere = chatctl("migrate", "status", "--db-url", database.server.url_for("postgres", "nowhere"))

    assert (nobody.exit_code, nowhere.exit_code) == (4, 3)


def test_a_write_to_a_remote_target_needs_yes_without_a_terminal(
    chatctl: Chatctl, database: Database, tmp_path: Path
) -> None:
    (tmp_path / "chatctl.yaml").write_text(
        f"targets: {{staging: {{db_url: '{database.url}', environment: staging}}}}"
    )
    refused = chatctl("migrate", "--target", "staging")

    assert refused.exit_code == 2
    assert "--yes" in refused.stderr
    assert chatctl("migrate", "--target", "staging", "--yes").exit_code == 0
    assert chatctl("migrate", "--target", "staging", "--dry-run").exit_code == 0


@pytest.mark.parametrize(
    "command", ["local status", "migrate status", "seed", pytest.param("demo", marks=pytest.mark.slow)]
)
def test_a_deleted_working_directory_is_named(tmp_path: Path, command: str) -> None:
    done = subprocess.run(
        ["sh", "-c", 'rmdir "$PWD"; exec "$@"', "sh", sys.executable, "-m", "chatctl", *command.split()],
        cwd=tmp_path,
        env=variables(PYTHONPATH=str(ROOT), PYTHONSAFEPATH="1"),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr.endswith("error: the working directory was deleted; change to another one\n")


def test_a_closed_pipe_is_not_an_error(database: Database) -> None:
    command = [sys.executable, "-m", "chatctl", "migrate", "status", "--all", "--db-url", database.url]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert running.stdout is not None
    assert running.stderr is not None
    running.stdout.close()
    errors = running.stderr.read()
    running.stderr.close()
    running.wait()

    assert "Traceback" not in errors
    assert "roken pipe" not in errors


def test_an_option_of_psql_without_dashes_before_it_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["local", "psql", "-c", "select 1"]) == 2
    assert "to pass it on: `chatctl local psql -- -c …`" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["conversation-lst", "conversation_lst"])
def test_an_unknown_scenario_is_suggested_with_a_hyphen(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert run(["loadtest", name]) == 3
    assert "there is no scenario conversation-lst; did you mean conversation-list?" in capsys.readouterr().err
