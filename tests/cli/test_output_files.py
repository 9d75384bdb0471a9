"""Output files are checked before the work; a file that fails does not affect other results."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Result
from tests.cli.test_formats import NOBODY_LISTENS
from tests.support.world import Database

Chatctl = Callable[..., Result]

UNWRITABLE = [
    ("audit-rls", "--format", "html=a directory"),
    ("audit-rls", "--format", "html=no/directory/audit.html"),
    ("audit-rls", "--format", "html=/proc/version"),
    ("audit-rls", "--report", "a file"),
    ("audit-rls", "--report", "reports"),
    ("audit-rls", "--baseline", "no/directory/b.yaml", "--update-baseline", "--reason", "x", "--owner", "y"),
    ("audit-rls", "--format", "github", "--format", "json=a.json"),
    ("loadtest", "--report", "a file"),
    ("loadtest", "--report", "reports"),
]


@pytest.mark.parametrize("arguments", UNWRITABLE, ids=" ".join)
def test_unusable_files_are_refused_before_the_work(
    chatctl: Chatctl, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    (tmp_path / "a directory").mkdir()
    (tmp_path / "a file").write_text("kept")
    for taken in ("audit.html", "loadtest.json"):
        (tmp_path / "reports" / taken).mkdir(parents=True)
    summary = str(tmp_path / "no" / "summary.md")

    answer = chatctl(*arguments, env={"CHATCTL_DB_URL": NOBODY_LISTENS, "GITHUB_STEP_SUMMARY": summary})

    assert answer.exit_code == 2, answer
    assert "target:" not in answer.stderr
    assert (tmp_path / "a file").read_text() == "kept"
    assert {path.name for path in tmp_path.iterdir()} == {"a directory", "a file", "reports"}


def test_a_file_is_not_changed_when_access_to_it_is_checked(chatctl: Chatctl, tmp_path: Path) -> None:
    (tmp_path / "old.html").write_text("an older report")
    formats = ("--format", "html=old.html", "--format", "json=new.json")

    answer = chatctl("audit-rls", *formats, env={"CHATCTL_DB_URL": NOBODY_LISTENS})

    assert answer.exit_code == 8
    assert (tmp_path / "old.html").read_text() == "an older report"
    assert not (tmp_path / "new.json").exists()


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A full file system that contains a migration."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=32k", "none", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting a small disk needs root and is not always allowed")
    (disk / "sql" / "migrations").mkdir(parents=True)
    (disk / "sql" / "migrations" / "20260101000000_notes.sql").write_text("create table notes (id int);\n")
    free = os.statvfs(disk)
    (disk / "ballast").write_bytes(bytes(free.f_bavail * free.f_frsize))
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_is_reported_for_migration_files(chatctl: Chatctl, full_disk: Path) -> None:
    before = set(full_disk.rglob("*.sql"))
    new = chatctl("migrate", "new", "more", "--directory", "sql", cwd=full_disk)
    export = chatctl("migrate", "export", "out", "--directory", "sql", cwd=full_disk)
    nowhere = chatctl("migrate", "export", "/proc/nowhere", "--directory", "sql", cwd=full_disk)

    assert (new.exit_code, export.exit_code, nowhere.exit_code) == (8, 8, 2)
    assert new.stderr.endswith("_more.sql cannot be written: No space left on device\n")
    assert "out cannot be written: No space left on device" in export.stderr
    assert "/proc/nowhere cannot be written: No such file or directory" in nowhere.stderr
    assert set((full_disk / "sql").rglob("*.sql")) == before


def test_a_full_disk_costs_one_report_and_no_other(
    chatctl: Chatctl, database: Database, tmp_path: Path
) -> None:
    formats = ("--format", "html=/dev/full", "--format", "json=audit.json", "--format", "text")

    answer = chatctl("audit-rls", "--only", "public.organizations", *formats, "--db-url", database.url)

    assert answer.exit_code == 8
    assert answer.stderr.endswith("error: /dev/full cannot be written: No space left on device\n")
    assert answer.stdout.startswith("0 findings")
    assert json.loads((tmp_path / "audit.json").read_text())["findings"] == []
