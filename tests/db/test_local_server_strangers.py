"""What is not ours is neither changed nor deleted nor signalled: directories, files, links and processes."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Timer

import pytest

from chatctl.errors import ChatctlError, Conflict, Invalid, NotAllowed
from chatctl.local import cluster, processes, server, throwaway, waiting
from chatctl.local.directory import MARK
from chatctl.local.server import Server
from tests.places import PLACE

DO = "import sys; from pathlib import Path; from chatctl.local import server; directory = Path(sys.argv[1]); "
START = DO + "print(server.ensure_running(directory, durable=False).pid, flush=True)"
RESET = DO + "server.reset(directory)"
STOP = DO + "server.stop(directory)"


def running(directory: Path, *, version: int | None = None) -> Server:
    return server.ensure_running(directory, version=version, durable=False)


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory for ``.chatctl`` and for what it is mistaken for."""
    place = Path(tempfile.mkdtemp(prefix="cc", dir=PLACE))
    place.chmod(0o755)
    yield place
    for each in place.iterdir():
        if each.is_dir() and (each / "data").is_dir() and not each.is_symlink():
            server.stop(each)
    shutil.rmtree(place)


@pytest.fixture
def directory(place: Path) -> Path:
    return place / ".chatctl"


def picture(root: Path) -> dict[str, tuple[int, int, int, bytes]]:
    """Mode, owner, group and contents of everything below ``root``."""
    seen = {}
    for path in [root, *sorted(root.rglob("*"))]:
        found = path.lstat()
        contents = path.read_bytes() if stat.S_ISREG(found.st_mode) else b""
        seen[str(path)] = (found.st_mode, found.st_uid, found.st_gid, contents)
    return seen


def assert_untouched(directory: Path, *kept: Path, error: type[ChatctlError] = Invalid, match: str) -> None:
    """Every command refuses ``directory``, or does nothing, and leaves what is kept as it is."""
    before = [picture(path) for path in kept]
    for act in (running, server.reset):
        with pytest.raises(error, match=match):
            act(directory)
    assert server.status(directory) is None
    assert not server.stop(directory)
    assert [picture(path) for path in kept] == before


# Directories ----------------------------------------------------------------------------------------------


def _files(disk: Path) -> None:
    (disk / "data").mkdir(parents=True)
    (disk / "data" / "file").write_text("precious")


def _files_beside_a_lock(disk: Path) -> None:
    _files(disk)
    (disk / "lock").touch()


def _half_of_something(disk: Path) -> None:
    (disk / "data.old").mkdir(parents=True)
    (disk / "data.old" / "file").write_text("precious")


def _notes(disk: Path) -> None:
    disk.mkdir()
    (disk / "notes.txt").write_text("precious")


def _cluster_of_another_tool(disk: Path) -> None:
    (disk / "data" / "base").mkdir(parents=True)
    (disk / "data" / "PG_VERSION").write_text("18\n")
    (disk / "server.json").write_text('{"name": "something else"}')
    (disk / "backup.tar").write_text("precious")


def _data_is_a_file(disk: Path) -> None:
    disk.mkdir()
    (disk / "data").write_text("precious")


SOMEBODYS = [
    _files,
    _files_beside_a_lock,
    _half_of_something,
    _notes,
    _cluster_of_another_tool,
    _data_is_a_file,
]


@pytest.mark.parametrize("make", SOMEBODYS)
@pytest.mark.parametrize("linked", [True, False], ids=["link", "directory"])
def test_somebodys_directory_is_refused_as_it_is(
    place: Path, directory: Path, make: Callable[[Path], None], linked: bool
) -> None:
    disk = place / "disk" if linked else directory
    make(disk)
    disk.chmod(0o755)
    if linked:
        directory.symlink_to(disk)
    assert_untouched(directory, disk, match="is no data directory of PostgreSQL that chatctl made")


@pytest.mark.parametrize("target", ["empty", "nowhere", ".chatctl"])
def test_link_to_nothing_of_ours_is_refused(place: Path, directory: Path, target: str) -> None:
    (place / "empty").mkdir(mode=0o755)
    directory.symlink_to(target)
    with pytest.raises(Invalid):
        running(directory)
    with pytest.raises(Invalid):
        server.reset(directory)
    assert {path.name for path in place.iterdir()} == {"empty", ".chatctl"}
    assert picture(place / "empty")[str(place / "empty")][0] == stat.S_IFDIR | 0o755


def test_cluster_of_somebody_else_in_data_is_not_ours_by_a_link(place: Path, directory: Path) -> None:
    other = running(place / "other")
    server.stop(other.directory)
    for name in (MARK, "server.json", "lock", "server.log"):
        (other.directory / name).unlink()
    directory.symlink_to(other.directory)
    assert_untouched(directory, other.directory, match="a link to")


def test_directory_of_ours_may_be_elsewhere(place: Path, directory: Path) -> None:
    at = running(place / "elsewhere")
    directory.symlink_to("elsewhere")
    assert running(directory) == at == server.status(directory)
    assert server.stop(directory)
    assert server.reset(directory).directory == at.directory


@pytest.mark.parametrize("linked", [True, False])
def test_directory_of_a_chatctl_without_marks_is_ours(place: Path, directory: Path, linked: bool) -> None:
    at = running(place / "older" if linked else directory)
    (at.directory / MARK).unlink()
    if linked:
        directory.symlink_to(at.directory)
    assert server.status(directory) == at
    assert server.stop(directory)
    assert running(directory).directory == at.directory
    assert (at.directory / MARK).read_text().startswith("An embedded PostgreSQL server of chatctl")
    (at.directory / MARK).unlink()
    assert server.reset(directory).version == at.version


@pytest.mark.parametrize("left", ["", "lock", "lock data.new", "lock data.new data.old"])
def test_what_a_killed_chatctl_without_marks_left_is_ours(directory: Path, left: str) -> None:
    directory.mkdir()
    for name in left.split():
        if name == "lock":
            (directory / name).touch()
        else:
            (directory / name).mkdir()
            (directory / name / "half").touch()
    assert running(directory).pid
    assert not (directory / "data.old").exists()


@pytest.mark.parametrize("name", ["data", "data.new", "data.old", "lock", "server.json", "server.log", MARK])
@pytest.mark.parametrize("kind", ["link", "dangling link", "pipe", "socket", "other kind"])
def test_name_of_ours_that_is_something_else_is_refused(
    place: Path, directory: Path, name: str, kind: str
) -> None:
    directory.mkdir()
    (directory / MARK).touch()
    (directory / name).unlink(missing_ok=True)
    precious = place / "precious"
    precious.mkdir()
    (precious / "file").write_text("precious")
    match kind:
        case "link":
            (directory / name).symlink_to(precious if name.startswith("data") else precious / "file")
        case "dangling link":
            (directory / name).symlink_to(place / "nowhere")
        case "pipe":
            os.mkfifo(directory / name)
        case "socket":
            with socket.socket(socket.AF_UNIX) as bound:
                bound.bind(str(directory / name))
        case _ if name.startswith("data"):
            (directory / name).write_text("precious")
        case _:
            (directory / name).mkdir()
    kept = [precious] if kind == "socket" else [precious, directory]
    assert_untouched(directory, *kept, match=f"{name} is no .* of the embedded server; move it away")
    assert not (place / "nowhere").exists()


@pytest.mark.parametrize("name", ["PG_VERSION", "postmaster.pid"])
def test_pipe_in_the_data_is_not_waited_for(directory: Path, name: str) -> None:
    at = running(directory)
    server.stop(directory)
    (at.directory / "data" / name).unlink(missing_ok=True)
    os.mkfifo(at.directory / "data" / name)
    with pytest.raises(Invalid, match=f"{name} is no file of the embedded server"):
        running(directory)
    (at.directory / "data" / name).unlink()


def test_reset_leaves_files_that_took_the_place_of_the_data(directory: Path) -> None:
    at = running(directory)
    server.stop(directory)
    shutil.rmtree(at.directory / "data")
    (at.directory / "data").mkdir()
    (at.directory / "data" / "diary").write_text("precious")
    assert_untouched(directory, directory, match="data is no data directory of PostgreSQL; move it away")


def test_damaged_data_is_what_reset_is_for(directory: Path) -> None:
    at = running(directory)
    server.stop(directory)
    (at.directory / "data" / "PG_VERSION").write_text("")
    with pytest.raises(Invalid, match="PG_VERSION is damaged; delete the data with `chatctl local reset`"):
        running(directory)
    assert server.reset(directory).version == at.version


# Killed ---------------------------------------------------------------------------------------------------

HASTY = """
import os, signal, subprocess, sys
from pathlib import Path
from chatctl.local import server
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
def test_postmaster_that_has_not_named_itself_yet_is_known(
    directory: Path, act: Callable[[Path], Server | bool]
) -> None:
    server.stop(running(directory).directory)
    killed = subprocess.run(
        [sys.executable, "-c", HASTY, directory], stdout=subprocess.PIPE, text=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL

    def go_on() -> None:
        with suppress(ProcessLookupError):
            os.kill(int(killed.stdout), signal.SIGCONT)

    Timer(0.5, go_on).start()
    assert act(directory)
    assert bool(processes.found(directory)) == (act is not server.stop)


BUSY = """
import sys
for number in range(200_000):
    try:
        open(f"{sys.argv[1]}/{number}", "w").close()
    except FileNotFoundError:
        pass
"""


@pytest.mark.parametrize("act", [running, server.reset])
def test_initdb_that_a_killed_chatctl_left_is_ended_before_its_files_are_deleted(
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


OURS = {MARK, "lock", "data", "server.json", "server.log"}
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
def test_up_that_was_killed_is_done_by_the_next(
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
def test_reset_that_was_killed_is_done_by_the_next(directory: Path, moment: str) -> None:
    running(directory)
    killed = subprocess.Popen([sys.executable, "-c", RESET, directory])
    assert waiting.until(lambda: RESET_MOMENTS[moment](directory), seconds=30, every=0.0002)
    killed.kill()
    killed.wait()
    assert server.reset(directory).pid
    assert not (directory / "data.old").exists()


def test_down_that_was_killed_is_done_by_the_next(directory: Path) -> None:
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


# Processes ------------------------------------------------------------------------------------------------

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
    """A process that nobody may signal."""
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


def test_named_process_that_does_not_listen_is_not_signalled(
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


def test_listener_that_is_no_postgres_is_not_signalled(directory: Path) -> None:
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


def test_named_postgres_of_another_directory_is_not_signalled(place: Path, directory: Path) -> None:
    other = running(place / "other")
    _name(directory, other.pid)
    assert not server.stop(directory)
    assert server.status(other.directory) == other


def test_dead_process_whose_id_is_taken_is_not_signalled(
    directory: Path, victim: subprocess.Popen[str]
) -> None:
    at = running(directory)
    lines = (directory / "data" / "postmaster.pid").read_text().split("\n")
    os.kill(at.pid, signal.SIGKILL)
    assert waiting.until(lambda: server.status(directory) is None, seconds=10)
    (directory / "data" / "postmaster.pid").write_text("\n".join([str(victim.pid), *lines[1:]]))
    assert not server.stop(directory)
    assert running(directory).pid not in (at.pid, victim.pid)


@pytest.fixture
def container() -> list[str]:
    """The words that run a program where process ids are others, as in a container."""
    words = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if (
        shutil.which("unshare") is None
        or subprocess.run([*words, "true"], check=False, capture_output=True).returncode
    ):
        pytest.skip("only root, and not everywhere, makes namespaces of process ids")
    return words


def test_server_of_a_container_is_neither_signalled_nor_doubled(
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


def test_server_outside_a_container_is_neither_signalled_nor_doubled(
    directory: Path, container: list[str]
) -> None:
    at = running(directory)
    for verb in ("stop", "status", "ensure_running", "reset"):
        program = DO + f"server.{verb}(directory)"
        answer = subprocess.run(
            [*container, sys.executable, "-c", program, str(directory)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert f"Conflict: who listens on the socket in {directory}/data is not the server" in answer.stderr
    assert server.status(directory) == at


# Throwaway servers ----------------------------------------------------------------------------------------


@pytest.fixture
def registry(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The registry of throwaway servers, in a temporary directory of our own."""
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place / f"chatctl-{os.geteuid()}"


def test_sweep_deletes_no_more_than_throwaway_servers(place: Path, registry: Path) -> None:
    registry.mkdir(mode=0o700)
    _files(place / "disk")
    (place / "disk" / "owner").touch()
    (registry / "link").symlink_to(place / "disk")
    _files(registry / "precious")
    (registry / "odd").mkdir()
    (registry / "odd" / "owner").symlink_to(place / "disk" / "owner")
    os.mkfifo(registry / "pipe")
    (registry / "file").write_text("precious")
    kept = picture(place / "disk") | picture(registry / "precious") | picture(registry / "odd")

    (registry / "left").mkdir()
    (registry / "left" / "owner").touch()
    (registry / "just made").mkdir()

    assert throwaway.sweep() == [registry / "just made", registry / "left"]
    assert picture(place / "disk") | picture(registry / "precious") | picture(registry / "odd") == kept
    assert {"link", "precious", "odd", "pipe", "file", "lock"} == {path.name for path in registry.iterdir()}


@pytest.mark.parametrize("kind", ["file", "dangling link", "link"])
def test_registry_that_is_something_else_is_refused(place: Path, registry: Path, kind: str) -> None:
    other = place / "other"
    match kind:
        case "file":
            registry.touch()
        case "dangling link":
            registry.symlink_to(other)
        case _:
            other.mkdir(mode=0o755)
            registry.symlink_to(other)
    for act in (throwaway.sweep, lambda: throwaway.server().__enter__()):
        with pytest.raises(NotAllowed, match="belongs to another user; remove it, or set TMPDIR"):
            act()
    assert not other.exists() or stat.S_IMODE(other.stat().st_mode) == 0o755
    registry.unlink()


def test_temporary_directory_where_all_can_replace_all_is_refused(place: Path, registry: Path) -> None:
    place.chmod(0o777)
    with pytest.raises(NotAllowed, match=f"every user can replace what is in {place}; set TMPDIR"):
        throwaway.server().__enter__()
    place.chmod(0o1777)
    with throwaway.server() as at:
        assert at.directory.parent == registry
