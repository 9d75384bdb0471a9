"""Streams that are closed, full, without a reader or in a limited encoding do not stop the work."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from chatctl.cli.options import OutputFormat
from tests.cli.conftest import Result
from tests.support.forks import variables
from tests.support.world import Database

CHATCTL = (sys.executable, "-m", "chatctl")
ROWS = [each for each in OutputFormat if each is not OutputFormat.id]


def shell(
    script: str, *arguments: str, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ``script``, in which ``"$@"`` is chatctl with ``arguments``."""
    return subprocess.run(
        ["sh", "-c", script, "sh", *CHATCTL, *arguments],
        env=variables(**env or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def migrated(database: Database) -> bool:
    with database.connect() as conn:
        return conn.execute("select to_regclass('private.seed_chunks')").fetchone() != (None,)


@pytest.mark.parametrize(
    "streams",
    [
        '"$@" >&-',
        '"$@" 2>&-',
        '"$@" <&-',
        '"$@" <&- >&- 2>&-',
        '"$@" 2>/dev/full',
        # Both go to a reader that has exited before the first line is written.
        '{ "$@"; echo $? >&3; } 3>&1 2>&1 | true',
    ],
)
def test_the_work_is_done_even_if_nobody_reads_the_output(bare_database: Database, streams: str) -> None:
    done = shell(streams, "migrate", "--db-url", bare_database.url)

    assert done.returncode == 0, done
    assert "Traceback" not in done.stderr
    assert migrated(bare_database)


@pytest.mark.parametrize("fmt", ROWS)
def test_a_full_disk_is_named_and_the_work_is_done(bare_database: Database, fmt: OutputFormat) -> None:
    done = shell('"$@" >/dev/full', "migrate", "-q", "--db-url", bare_database.url, "-o", fmt)

    assert done.returncode == 8
    if fmt in (OutputFormat.json, OutputFormat.ndjson):
        assert json.loads(done.stderr)["error"]["code"] == "UNAVAILABLE"
    else:
        assert done.stderr == (
            "error: stdout cannot be written: No space left on device\n"
            "  the command completed, but its output is lost\n"
        )
    assert migrated(bare_database)


def test_findings_take_precedence_over_a_full_disk(bare_database: Database) -> None:
    checked = ("migrate", "status", "--check", "-q", "--db-url", bare_database.url)
    done = shell('"$@" >/dev/full', *checked)

    assert done.returncode == 7
    assert "stdout cannot be written" in done.stderr


@pytest.mark.parametrize("command", [["--help"], ["migrate", "--help"], ["--version"], ["nonsense"]])
@pytest.mark.parametrize("streams", ['"$@" >&- 2>&-', '"$@" >/dev/full 2>/dev/full'])
def test_help_and_usage_errors_survive_broken_streams_too(command: list[str], streams: str) -> None:
    done = shell(streams, *command)

    assert done.returncode in (0, 2, 8)
    assert done.stdout == done.stderr == ""


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
@pytest.mark.parametrize("fmt", ROWS)
def test_characters_missing_from_the_encoding_are_escaped(encoding: str, fmt: OutputFormat) -> None:
    name = "naïve → 名"
    done = subprocess.run(
        [*CHATCTL, "migrate", "export", name, "--dry-run", "-o", fmt],
        env=variables(PYTHONIOENCODING=encoding),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    text = done.stdout.decode(encoding)

    assert (done.returncode, done.stderr) == (0, b""), done
    match fmt:
        case OutputFormat.json:
            paths = [each["path"] for each in json.loads(text)]
        case OutputFormat.ndjson:
            paths = [json.loads(line)["path"] for line in text.splitlines()]
        case OutputFormat.yaml:
            paths = [each["path"] for each in yaml.safe_load(text)]
        case OutputFormat.csv:
            paths = [each["path"] for each in csv.DictReader(io.StringIO(text))]
        case _:
            paths = [line.split(maxsplit=1)[1] for line in text.splitlines()[1:]]
    if fmt not in (OutputFormat.json, OutputFormat.ndjson, OutputFormat.yaml):
        name = name.encode(encoding, "backslashreplace").decode(encoding)
    assert paths
    assert all(path.startswith(f"{name}/") for path in paths), paths


def test_an_argument_that_is_not_utf8_is_named(chatctl: Callable[..., Result], database: Database) -> None:
    odd = b"\xff".decode("utf-8", "surrogateescape")
    answer = shell('"$@"', "seed", "verify", odd, "-q", "--db-url", database.url)

    assert (answer.returncode, answer.stderr) == (2, "error: '\\udcff' is not valid UTF-8\n")
    assert chatctl("seed", "verify", "", "--db-url", database.url).exit_code == 3


def test_a_file_name_that_is_not_utf8_works(database: Database, tmp_path: Path) -> None:
    odd = tmp_path / b"\xff".decode("utf-8", "surrogateescape")
    arguments = ("--only", "public.organizations", "--report", str(odd), "--db-url", database.url)
    answer = shell('"$@"', "audit-rls", *arguments, env={"PYTHONIOENCODING": "ascii"})

    assert answer.returncode == 0, answer.stderr
    assert "\\udcff/audit.json" in answer.stderr
    assert json.loads((odd / "audit.json").read_text())["findings"] == []
