"""The wheel in a virtual environment of its own, outside the checkout."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_installed_wheel_runs_the_demo_in_an_empty_directory(tmp_path: Path) -> None:
    def run(*command: str | Path, cwd: Path) -> str:
        ended = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path, cwd=ROOT)
    (wheel,) = tmp_path.glob("*.whl")
    venv.create(tmp_path / "venv", with_pip=True)
    programs, empty = tmp_path / "venv" / "bin", tmp_path / "empty"
    empty.mkdir()
    pip = (programs / "pip", "install", "--quiet", "--disable-pip-version-check")
    run(*pip, "--require-hashes", "-r", ROOT / "requirements.lock", cwd=empty)
    run(*pip, "--no-deps", wheel, cwd=empty)

    shown = run(programs / "chatctl", "demo", "-o", "json", cwd=empty)

    assert '"state": "done"' in shown
    assert list(empty.iterdir()) == []
