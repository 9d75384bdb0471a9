"""``chatctl demo`` runs every part once and leaves nothing behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from chatctl import waiting
from chatctl.errors import ChatctlError, Found, Inconclusive, Unavailable
from chatctl.services.demo import Result, worst
from tests.support.places import PLACE

pytestmark = pytest.mark.slow


@pytest.fixture
def place() -> Iterator[Path]:
    """A working directory that is also the temporary directory; its path is short because of socket paths."""
    place = Path(tempfile.mkdtemp(prefix="cd", dir=PLACE))
    yield place
    chatctl(place, "local", "status")
    shutil.rmtree(place)


def environment(place: Path) -> dict[str, str]:
    env = {name: value for name, value in os.environ.items() if name != "CHATCTL_DB_URL"}
    return {**env, "TMPDIR": str(place)}


def chatctl(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "chatctl", *words],
        cwd=place,
        env=environment(place),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def servers(place: Path) -> list[Path]:
    """The directories of existing servers."""
    return [path for path in place.glob("chatctl-*/*") if path.is_dir()]


def processes(place: Path) -> list[psutil.Process]:
    """The PostgreSQL processes that run in ``place``."""
    running = psutil.process_iter(["cmdline"])
    return [process for process in running if str(place) in " ".join(process.info["cmdline"] or ())]


def test_demo_runs_every_part_and_leaves_nothing(place: Path) -> None:
    answer = chatctl(place, "demo", "-o", "json")
    document = json.loads(answer.stdout)
    states = {step["step"]: step["state"] for step in document["steps"]}
    assert (answer.returncode, document["exit"]) == (0, 0), answer.stderr
    assert states == dict.fromkeys(("migrate", "seed", "audit-rls", "loadtest"), "done")
    assert servers(place) == []
    assert processes(place) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demo_leaves_nothing(place: Path, number: signal.Signals) -> None:
    demo = started(place)
    demo.send_signal(number)
    assert demo.wait(30) == 130
    assert servers(place) == []
    assert processes(place) == []


def test_the_next_command_removes_what_a_killed_demo_left(place: Path) -> None:
    demo = started(place)
    demo.kill()
    demo.wait(30)
    leftovers = servers(place)
    assert len(leftovers) == 1
    answer = chatctl(place, "local", "status", "-o", "json")
    assert json.loads(answer.stdout)["removed"] == [str(path) for path in leftovers]
    assert servers(place) == []
    assert processes(place) == []


def test_the_worst_exit_code_is_failures_then_findings_then_inconclusive() -> None:
    def worst_of(*errors: ChatctlError | None) -> ChatctlError | None:
        return worst([Result("step", "failed", "", 0.0, error) for error in errors])

    inconclusive, findings, failure = Inconclusive("a"), Found("b"), Unavailable("c")
    assert worst_of() is worst_of(None, None) is None
    assert worst_of(None, inconclusive) is inconclusive
    assert worst_of(inconclusive, findings) is findings
    assert worst_of(inconclusive, failure, findings) is failure


def test_a_target_is_refused(place: Path) -> None:
    assert chatctl(place, "demo", "--db-url", "postgresql://postgres@db.example.com/postgres").returncode == 2


def started(place: Path) -> subprocess.Popen[bytes]:
    """A demo whose server accepts connections."""
    demo = subprocess.Popen(
        [sys.executable, "-m", "chatctl", "demo"],
        cwd=place,
        env=environment(place),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert waiting.until(lambda: any(place.glob("chatctl-*/*/server.json")), seconds=60)
    return demo
