"""Files and directories named by options and arguments: missing, unreadable, or with an empty name."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from chatctl.cli.app import run
from chatctl.errors import Invalid, unreadable

OPTIONS = [
    "seed from", "audit-rls --access", "audit-rls --baseline", "loadtest --targets",
    "migrate status --directory", "migrate --directory", "migrate lint --directory",
]  # fmt: skip


def failure(capsys: pytest.CaptureFixture[str], command: str, name: str) -> tuple[int, str]:
    code = run([*command.split(), name, "-o", "json"])
    return code, json.loads(capsys.readouterr().err)["error"]["message"]


@pytest.mark.parametrize("option", OPTIONS)
def test_a_missing_file_is_exit_3(capsys: pytest.CaptureFixture[str], tmp_path: Path, option: str) -> None:
    missing = str(tmp_path / "missing")
    assert failure(capsys, option, missing) == (3, f"{missing} does not exist")


@pytest.mark.parametrize("option", OPTIONS[:4])
def test_a_directory_instead_of_a_file_is_exit_2(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, option: str
) -> None:
    assert failure(capsys, option, str(tmp_path)) == (2, f"{tmp_path} cannot be read: is a directory")


def test_a_file_that_the_user_may_not_read_is_exit_2() -> None:
    # As root, no file is unreadable.
    error = unreadable("world.yaml", PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
    assert isinstance(error, Invalid)
    assert error.message == "world.yaml cannot be read: permission denied"


@pytest.mark.parametrize(
    "option", [*OPTIONS[1:], "audit-rls --report", "loadtest --report", "migrate export"]
)
def test_an_empty_name_is_not_the_working_directory(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, message = failure(capsys, option, "")
    assert (code, message.partition(": ")[2]) == (2, "the name is empty")
    assert list(tmp_path.iterdir()) == []
