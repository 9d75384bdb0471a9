"""Leftovers of a killed chatctl, and processes of others: the next command handles them correctly."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Timer

import pytest

from chatctl import waiting
from chatctl.errors import Conflict
from chatctl.local.postgres import cluster, processes, server
from chatctl.local.postgres.directory import MARK
from chatctl.local.postgres.server import Server

pytestmark = pytest.mark.slow

DO = (
    "import sys; from pathlib import Path; from chatctl.local.postgres import server; "
    "directory = Path(sys.argv[1]); "
)
START = DO + "print(server.ensure_running(directory, durable=False).pid, flush=True)"
RESET = DO + "server.reset(directory)"
STOP = DO + "server.stop(directory)"


def running(directory: Path, *, version: int | None = None) -> Server:
    return server.ensure_running(directory, version=version, durable=False)


# A killed chatctl -----------------------------------------------------------------------------------------

HASTY = """
import os, signal, subprocess, sys
from pathlib import Path
from chatctl.local.postgres import server
start = subprocess.Popen
def start_and_die(command, **options):
    process = start(command, **options)
    if command[0].name == "postgres":
        process.send_signal(signal.SIGSTOP)
        print(process.pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    return process
subprocess.Popen = start_and_die
server.ensure_running(Path(sys.argv[1]), durable=False)
"""


@pytest.mark.parametrize("act", [running, server.reset, server.stop])
def test_a_postmaster_without_a_pid_file_yet_is_recognized(
    directory: Path, act: Callable[[Path], Server | bool]
) -> None:
    server.stop(running(directory).directory)
    killed = subprocess.run(
        [sys.executable, "-c", HASTY, directory], stdout=subprocess.PIPE, text=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL

    def continue_initdb() -> None:
        with suppress(ProcessLookupError):
            os.kill(int(killed.stdout), signal.SIGCONT)

    Timer(0.5, continue_initdb).start()
    assert act(directory)
    assert bool(processes.using(directory)) == (act is not server.stop)


BUSY = """
import sys
for number in range(200_000):
    try:
        open(f"{sys.argv[1]}/{number}", "w").close()
    except FileNotFoundError:
        pass
"""


@pytest.mark.parametrize("act", [running, server.reset])
def test_initdb_of_a_killed_chatctl_is_ended_before_its_files_are_deleted(
    place: Path, directory: Path, act: Callable[[Path], Server]
) -> None:
    server.stop(running(directory).directory)
    if act is running:
        shutil.rmtree(directory / "data")
    (directory / "data.new").mkdir()
    (place / "initdb").symlink_to(Path(sys.executable).resolve())
    with subprocess.Popen([place / "initdb", "-c", BUSY, directory / "data.new"]) as initdb:
        assert waiting.until((directory / "data.new" / "0").exists, seconds=30)
        assert act(directory).pid
        initdb.wait(10)


OURS = {MARK, ".gitignore", "lock", "data", "server.json", "server.log"}
MOMENTS: dict[str, Callable[[Path], bool]] = {
    "directory": lambda directory: directory.exists(),
    "mark": lambda directory: (directory / MARK).exists(),
    "lock": lambda directory: (directory / "lock").exists(),
    "initdb": lambda directory: (directory / "data.new").exists(),
    "initdb at work": lambda directory: (directory / "data.new" / "global").exists(),
    "data": lambda directory: (directory / "data").exists(),
    "log": lambda directory: (directory / "server.log").exists(),
    "postmaster": lambda directory: (directory / "data" / "postmaster.pid").exists(),
    "note": lambda directory: (directory / "server.json").exists(),
}


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("again", [running, server.reset])
def test_the_next_command_completes_an_up_that_was_killed(
    directory: Path, moment: str, again: Callable[[Path], Server]
) -> None:
    starter = subprocess.Popen([sys.executable, "-c", START, directory], stdout=subprocess.DEVNULL)
    assert waiting.until(lambda: MOMENTS[moment](directory), seconds=30, every=0.0002)
    starter.kill()
    starter.wait()
    assert again(directory).pid
    assert {path.name for path in directory.iterdir()} <= {*OURS, "server.log.1"}
    assert server.stop(directory)


RESET_MOMENTS: dict[str, Callable[[Path], bool]] = {
    "stopped": lambda directory: not (directory / "data" / "postmaster.pid").exists(),
    "moved away": lambda directory: not (directory / "data").exists(),
    "deleting": lambda directory: not (directory / "data.old" / "PG_VERSION").exists(),
    "made again": lambda directory: (directory / "data.new").exists(),
}


@pytest.mark.parametrize("moment", RESET_MOMENTS)
def test_the_next_command_completes_a_reset_that_was_killed(directory: Path, moment: str) -> None:
    running(directory)
    killed = subprocess.Popen([sys.executable, "-c", RESET, directory])
    assert waiting.until(lambda: RESET_MOMENTS[moment](directory), seconds=30, every=0.0002)
    killed.kill()
    killed.wait()
    assert server.reset(directory).pid
    assert not (directory / "data.old").exists()


def test_the_next_command_completes_a_down_that_was_killed(directory: Path) -> None:
    running(directory)
    pid_file = directory / "data" / "postmaster.pid"
    killed = subprocess.Popen([sys.executable, "-c", STOP, directory])

    def stopping() -> bool:
        return not pid_file.exists() or "stopping" in pid_file.read_text()

    with suppress(FileNotFoundError):
        assert waiting.until(stopping, seconds=30, every=0.0002)
    killed.kill()
    killed.wait()
    server.stop(directory)
    assert server.status(directory) is None
    assert running(directory).pid


# Processes of others --------------------------------------------------------------------------------------

VICTIM = """
import signal, sys, time
signal.signal(signal.SIGINT, lambda *_: sys.exit("got SIGINT"))
print(flush=True)
time.sleep(600)
"""
LISTENER = """
import socket, sys
with socket.socket(socket.AF_UNIX) as listener:
    listener.bind(sys.argv[1])
    listener.listen()
    print(flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def victim() -> Iterator[subprocess.Popen[str]]:
    """A process that must not be signalled."""
    with subprocess.Popen([sys.executable, "-c", VICTIM], stdout=subprocess.PIPE, text=True) as victim:
        assert victim.stdout is not None
        victim.stdout.readline()
        yield victim
        assert victim.poll() is None
        victim.kill()


def _name(directory: Path, pid: int) -> None:
    data = directory / "data"
    data.mkdir(parents=True, exist_ok=True)
    (data / "PG_VERSION").write_text("18\n")
    lines = (str(pid), str(data), "1", str(cluster.PORT), ".", "", "1 1", "ready   ")
    (data / "postmaster.pid").write_text("\n".join(lines) + "\n")


def test_a_recorded_process_that_does_not_listen_is_not_signalled(
    directory: Path, victim: subprocess.Popen[str]
) -> None:
    _name(directory, victim.pid)
    command = [sys.executable, "-c", LISTENER, str(directory / "data" / f".s.PGSQL.{cluster.PORT}")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as listener:
        assert listener.stdout is not None
        listener.stdout.readline()
        for act in (server.stop, server.status, running, server.reset):
            with pytest.raises(Conflict, match=rf"process {victim.pid}; nothing was stopped or changed"):
                act(directory)
        listener.communicate("")


def test_a_listener_that_is_not_postgres_is_not_signalled(directory: Path) -> None:
    data = directory / "data"
    _name(directory, 0)
    command = [sys.executable, "-c", LISTENER, str(data / f".s.PGSQL.{cluster.PORT}")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as listener:
        assert listener.stdout is not None
        listener.stdout.readline()
        _name(directory, listener.pid)
        assert not server.stop(directory)
        assert listener.poll() is None
        listener.communicate("")


def test_a_recorded_postgres_of_another_directory_is_not_signalled(place: Path, directory: Path) -> None:
    other = running(place / "other")
    _name(directory, other.pid)
    assert not server.stop(directory)
    assert server.status(other.directory) == other


def test_a_dead_process_whose_id_was_reused_is_not_signalled(
    directory: Path, victim: subprocess.Popen[str]
) -> None:
    instance = running(directory)
    lines = (directory / "data" / "postmaster.pid").read_text().split("\n")
    os.kill(instance.pid, signal.SIGKILL)
    assert waiting.until(lambda: server.status(directory) is None, seconds=10)
    (directory / "data" / "postmaster.pid").write_text("\n".join([str(victim.pid), *lines[1:]]))
    assert not server.stop(directory)
    assert running(directory).pid not in (instance.pid, victim.pid)


@pytest.fixture
def container() -> list[str]:
    """The command prefix that runs a program in another process id namespace, as in a container."""
    words = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if (
        shutil.which("unshare") is None
        or subprocess.run([*words, "true"], check=False, capture_output=True).returncode
    ):
        pytest.skip("a namespace of process ids needs root and is not always allowed")
    return words


def test_a_server_in_a_container_is_neither_signalled_nor_started_twice(
    directory: Path, container: list[str], victim: subprocess.Popen[str]
) -> None:
    shell = '"$0" -c "$1" "$2" && exec cat'
    command = [*container, "sh", "-c", shell, sys.executable, START, str(directory)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as inside:
        assert inside.stdout is not None
        pid = int(inside.stdout.readline())
        for act in (server.stop, server.status, running, server.reset):
            with pytest.raises(Conflict, match=rf"process {pid}; nothing was stopped or changed"):
                act(directory)
        inside.communicate("")
    assert waiting.until(lambda: server.status(directory) is None, seconds=10)
    assert running(directory).pid


def test_a_server_outside_the_container_is_neither_signalled_nor_started_twice(
    directory: Path, container: list[str]
) -> None:
    instance = running(directory)
    for verb in ("stop", "status", "ensure_running", "reset"):
        program = DO + f"server.{verb}(directory)"
        answer = subprocess.run(
            [*container, sys.executable, "-c", program, str(directory)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (
            f"Conflict: the process that listens on the socket in {directory}/data is not the one"
            in answer.stderr
        )
    assert server.status(directory) == instance
