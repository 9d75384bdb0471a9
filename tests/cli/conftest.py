"""Running the command line like a person or a script does."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chatctl.local.postgres import server
from tests.support.forks import Forks, variables
from tests.support.places import PLACE


@dataclass(frozen=True)
class Result:
    """The exit code and the output of a command."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Any:
        return json.loads(self.stdout)


@pytest.fixture
def project() -> Iterator[Path]:
    """A working directory whose name is ``my-app``."""
    place = Path(tempfile.mkdtemp(prefix="cc", dir=PLACE))
    place.chmod(0o755)  # otherwise chatctl, run as root, would report that it changes the permissions
    project = place / "my-app"
    project.mkdir()
    yield project
    if (project / ".chatctl").is_dir():
        server.stop(project / ".chatctl")
    shutil.rmtree(place)


@pytest.fixture
def chatctl(forks: Forks, tmp_path: Path) -> Callable[..., Result]:
    """Run ``chatctl`` in an empty directory, without a terminal."""

    def run(*arguments: str, env: dict[str, str] | None = None, cwd: Path = tmp_path) -> Result:
        done = forks.run("chatctl", *arguments, env=variables(**env or {}), cwd=cwd)
        return Result(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def process(tmp_path: Path) -> Callable[..., Result]:
    """The same with a new Python process for each command, which takes five times as long."""

    def run(*arguments: str, env: dict[str, str] | None = None, cwd: Path = tmp_path) -> Result:
        done = subprocess.run(
            [sys.executable, "-m", "chatctl", *arguments],
            cwd=cwd,
            env=variables(**env or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    return run
