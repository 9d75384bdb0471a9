"""Throwaway servers are deleted at the end of their block, or swept after their owner was killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from chatctl import waiting
from chatctl.errors import NotAllowed
from chatctl.local.postgres import processes, throwaway
from chatctl.local.postgres.server import Server
from tests.support.places import PLACE

pytestmark = pytest.mark.slow

OWNER = """
import sys
from chatctl.local.postgres import throwaway
with throwaway.server() as at:
    print(at.directory, flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A separate temporary directory, so that only servers of these tests are swept."""
    place = Path(tempfile.mkdtemp(prefix="cc", dir=PLACE))
    monkeypatch.setenv("TMPDIR", str(place))
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield place
    throwaway.sweep()
    shutil.rmtree(place)


def registry(temporary: Path) -> Path:
    return temporary / f"chatctl-{os.geteuid()}"


def servers(temporary: Path) -> list[Path]:
    place = registry(temporary)
    return [path for path in place.iterdir() if path.is_dir()] if place.exists() else []


def owner() -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-c", OWNER], stdin=pipe, stdout=pipe, text=True)


def chatctl(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "chatctl", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("major", [18, 16])
def test_the_server_is_deleted_after_its_block(temporary: Path, major: int) -> None:
    with throwaway.server(version=major) as instance:
        assert instance.version.startswith(f"{major}.")
        with psycopg.connect(instance.admin_url) as conn:
            assert conn.execute("show fsync").fetchone() == ("off",)
    assert not instance.directory.exists()
    assert not processes.using(instance.directory)


def test_a_durable_server_waits_for_the_disk(temporary: Path) -> None:
    with throwaway.server(durable=True) as instance, psycopg.connect(instance.admin_url) as conn:
        assert conn.execute("show fsync").fetchone() == ("on",)


def test_the_server_is_deleted_after_an_error_and_with_open_sessions(temporary: Path) -> None:
    with pytest.raises(ZeroDivisionError), throwaway.server() as instance:
        conn = psycopg.connect(instance.url)
        conn.execute("create table half_done (id int)")
        raise ZeroDivisionError
    conn.close()
    assert not instance.directory.exists()
    assert not processes.using(instance.directory)


def test_the_server_is_deleted_even_if_its_postmaster_was_killed(temporary: Path) -> None:
    with throwaway.server() as instance:
        os.kill(instance.pid, signal.SIGKILL)
    assert not instance.directory.exists()
    assert not processes.using(instance.directory)


def test_sweep_keeps_running_servers(temporary: Path) -> None:
    with owner() as other, throwaway.server() as mine:
        assert other.stdout is not None
        other_directory = Path(other.stdout.readline().strip())
        assert throwaway.sweep() == []
        assert {other_directory, mine.directory} == set(servers(temporary))
        other.communicate("\n")
        assert other.returncode == 0
        assert servers(temporary) == [mine.directory]


def test_sweep_with_nothing_to_delete_creates_nothing(temporary: Path) -> None:
    assert throwaway.sweep() == []
    assert not any(temporary.iterdir())


def test_a_registry_of_another_user_is_refused(temporary: Path) -> None:
    registry(temporary).symlink_to("/etc")
    with pytest.raises(NotAllowed, match="belongs to another user"), throwaway.server():
        pass
    registry(temporary).unlink()


def initdb_runs(directory: Path) -> bool:
    return any(each.name() == "initdb" for each in processes.using(directory))


MOMENTS: dict[str, Callable[[Path], bool]] = {
    "directory made": lambda directory: True,
    "initdb told": lambda directory: (directory / "data.new").exists(),
    "initdb at work": lambda directory: (directory / "data.new" / "base" / "1").exists(),
    "initdb a process": initdb_runs,
    "data complete": lambda directory: (directory / "data").exists(),
    "server about to start": lambda directory: (directory / "server.log").exists(),
    "server starting": lambda directory: (directory / "data" / "postmaster.pid").exists(),
    "server noted": lambda directory: (directory / "server.json").exists(),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_an_owner_killed_while_starting_leaves_nothing_after_status(temporary: Path, moment: str) -> None:
    with owner() as victim:
        reached = waiting.until(
            lambda: any(MOMENTS[moment](directory) for directory in servers(temporary)),
            seconds=30,
            every=0.0005,
        )
        victim.kill()
    assert reached
    assert_status_removes(servers(temporary), temporary)


def test_an_owner_killed_at_work_leaves_nothing_after_status(temporary: Path) -> None:
    with owner() as victim:
        assert victim.stdout is not None
        directory = Path(victim.stdout.readline().strip())
        pid = int((directory / "data" / "postmaster.pid").read_text().split()[0])
        with psycopg.connect(Server(directory, "18", pid).url):
            victim.kill()
            victim.wait()
            assert_status_removes([directory], temporary)


@pytest.mark.parametrize("stage", ["postmaster.pid", "PG_VERSION"])
def test_an_owner_killed_while_stopping_leaves_nothing_after_status(temporary: Path, stage: str) -> None:
    with owner() as victim:
        assert victim.stdin is not None
        assert victim.stdout is not None
        directory = Path(victim.stdout.readline().strip())
        victim.stdin.write("\n")
        victim.stdin.flush()
        assert waiting.until(lambda: not (directory / "data" / stage).exists(), seconds=30, every=0.0002)
        victim.kill()
    assert_status_removes(servers(temporary), temporary)


def test_the_next_sweep_completes_a_sweep_that_was_killed(temporary: Path) -> None:
    with owner() as victim:
        assert victim.stdout is not None
        directory = Path(victim.stdout.readline().strip())
        victim.kill()
    sweeper = subprocess.Popen([sys.executable, "-m", "chatctl", "local", "status"], cwd=temporary)
    assert waiting.until(
        lambda: not (directory / "data" / "postmaster.pid").exists(), seconds=30, every=0.0002
    )
    sweeper.kill()
    sweeper.wait()
    assert_status_removes(servers(temporary), temporary)


def assert_status_removes(left: list[Path], temporary: Path) -> None:
    answer = chatctl("local", "status", "-o", "json", cwd=temporary)
    assert answer.returncode == 0, answer.stderr
    document = json.loads(answer.stdout)
    assert not document["running"]
    assert document["removed"] == sorted(map(str, left))
    assert all(f"removed {directory}" in answer.stderr for directory in left)
    assert servers(temporary) == []
    assert processes.using(temporary) == []
