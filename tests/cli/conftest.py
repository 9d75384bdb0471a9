"""Running the command line as a person or a script does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Any:
        return json.loads(self.stdout)


@pytest.fixture
def chatctl(tmp_path: Path) -> Callable[..., Result]:
    """Run ``chatctl`` in an empty directory, without a terminal."""

    def run(*arguments: str, env: dict[str, str] | None = None, cwd: Path = tmp_path) -> Result:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("CHATCTL_", "SUPABASE_"))}
        done = subprocess.run(
            [sys.executable, "-m", "chatctl", *arguments],
            cwd=cwd,
            env={**kept, **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    return run
