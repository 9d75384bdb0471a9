"""The embedded server after or during a fault: it recovers, or reports one clear error."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from threading import Timer

import psutil
import psycopg
import pytest

from chatctl import waiting
from chatctl.errors import ChatctlError, Conflict, Invalid, Unavailable
from chatctl.local.postgres import processes, server
from chatctl.local.postgres.server import Server
from tests.support.places import PLACE

pytestmark = pytest.mark.slow


def running(directory: Path, *, version: int | None = None) -> Server:
    # The fsync of initdb takes most of the time, and these tests are not about power failures.
    return server.ensure_running(directory, version=version, durable=False)


@pytest.fixture
def directory() -> Iterator[Path]:
    place = Path(tempfile.mkdtemp(prefix="cc", dir=PLACE))
    yield place / ".chatctl"
    if (place / ".chatctl").is_dir():
        server.stop(place / ".chatctl")
    shutil.rmtree(place)


def test_a_killed_postmaster_is_replaced_and_recovers(directory: Path) -> None:
    instance = server.ensure_running(directory)
    with psycopg.connect(instance.url, autocommit=True) as conn:
        conn.execute("create table kept as select 42 as answer")
        os.kill(instance.pid, signal.SIGKILL)
        assert waiting.until(lambda: not processes.works_in(instance.pid, directory), seconds=10)
        again = running(directory)
    assert again.pid != instance.pid
    with psycopg.connect(again.url) as conn:
        assert conn.execute("select answer from kept").fetchone() == (42,)


def test_a_killed_postmaster_that_is_still_a_zombie_is_replaced(directory: Path) -> None:
    running(directory)
    data = directory / "data"
    lines = (data / "postmaster.pid").read_text().split("\n")
    assert server.stop(directory)
    program = (
        "import subprocess, sys\n"
        "child = subprocess.Popen(['true'], user=int(sys.argv[1]))\n"
        "print(child.pid, flush=True)\n"
        "sys.stdin.readline()\n"
        "child.wait()\n"
    )
    command = [sys.executable, "-c", program, str(data.stat().st_uid)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdin
        assert parent.stdout
        zombie = int(parent.stdout.readline())
        assert waiting.until(lambda: psutil.Process(zombie).status() == psutil.STATUS_ZOMBIE, seconds=10)
        (data / "postmaster.pid").write_text("\n".join([str(zombie), *lines[1:]]))
        timer = Timer(0.5, parent.stdin.close)
        timer.start()
        try:
            assert running(directory).pid != zombie
        finally:
            timer.join()


@pytest.mark.parametrize("stranger", ["ours", "other server"])
def test_a_process_id_that_was_reused_is_ignored(directory: Path, stranger: str) -> None:
    instance = running(directory)
    lines = (directory / "data" / "postmaster.pid").read_text().split("\n")
    socket_lock = (directory / "data" / ".s.PGSQL.5432.lock").read_text().split("\n")
    assert server.stop(directory)
    other = running(directory.with_name("b"))
    pid = str(os.getpid() if stranger == "ours" else other.pid)
    (directory / "data" / "postmaster.pid").write_text("\n".join([pid, *lines[1:]]))
    (directory / "data" / ".s.PGSQL.5432.lock").write_text("\n".join([pid, *socket_lock[1:]]))
    try:
        assert server.status(directory) is None
        assert not server.stop(directory)
        assert running(directory).pid not in (instance.pid, int(pid))
        assert server.status(other.directory) == other
    finally:
        server.stop(other.directory)


def test_garbage_in_our_files_is_tolerated(directory: Path) -> None:
    instance = running(directory)
    (directory / "server.json").write_text("[1, 2")
    assert running(directory) == instance
    server.stop(directory)
    (directory / "server.json").unlink()
    assert running(directory).version == instance.version


def test_a_lost_socket_is_created_again(directory: Path) -> None:
    instance = running(directory)
    (directory / "data" / ".s.PGSQL.5432").unlink()
    assert server.status(directory) is None
    assert running(directory).pid != instance.pid


def test_a_killed_initdb_is_repeated(directory: Path) -> None:
    start = "import sys; from pathlib import Path; from chatctl.local.postgres import server; "
    start += "server.ensure_running(Path(sys.argv[1]), durable=False)"
    starter = subprocess.Popen([sys.executable, "-c", start, directory])
    assert waiting.until((directory / "data.new" / "base").exists, seconds=30, every=0.001)
    starter.kill()
    starter.wait()
    assert not (directory / "data").exists()
    instance = running(directory)
    assert not (directory / "data.new").exists()
    with psycopg.connect(instance.url) as conn:
        assert conn.execute("select 1").fetchone() == (1,)


def test_a_killed_reset_leaves_nothing_behind(directory: Path) -> None:
    instance = running(directory)
    server.stop(directory)
    (directory / "data").rename(directory / "data.old")
    assert running(directory).version == instance.version
    assert not (directory / "data.old").exists()


def test_foreign_data_is_not_changed(directory: Path) -> None:
    (directory / "data").mkdir(parents=True)
    (directory / "data" / "diary.txt").write_text("dear diary")
    with pytest.raises(Invalid, match="was not created by chatctl"):
        running(directory)
    assert (directory / "data" / "diary.txt").exists()


def test_data_of_an_unknown_version_is_a_conflict(directory: Path) -> None:
    (directory / "data").mkdir(parents=True)
    (directory / "data" / "PG_VERSION").write_text("15\n")
    with pytest.raises(Conflict, match="PostgreSQL 15, which chatctl does not include"):
        running(directory)
    assert server.reset(directory).version.startswith("18.")


def test_a_path_that_is_too_long_is_refused_before_anything_is_created(directory: Path) -> None:
    deep = directory.parent / ("x" * 80)
    deep.mkdir()
    with pytest.raises(Invalid, match=r"too long for a unix socket: \d+ bytes .* the limit is \d+"):
        running(deep / ".chatctl")
    assert not any(deep.iterdir())


def test_the_longest_allowed_path_works(directory: Path) -> None:
    limit = 103 if sys.platform == "darwin" else 107
    available = limit - len(f"{directory.parent.resolve()}//data/.s.PGSQL.5432")
    longest = directory.parent / ("x" * available)
    with psycopg.connect(running(longest).url) as conn:
        assert conn.execute("select 1").fetchone() == (1,)
    server.stop(longest)
    with pytest.raises(Invalid):
        running(directory.parent / ("x" * (available + 1)))


@pytest.mark.parametrize("name", ["a,b", "a\nb"])
def test_a_path_that_clients_would_split_is_refused(directory: Path, name: str) -> None:
    with pytest.raises(Invalid, match="a comma or a line break"):
        running(directory.parent / name)


def test_a_file_in_place_of_the_directory_is_invalid(directory: Path) -> None:
    directory.write_text("I was here first")
    with pytest.raises(Invalid, match="is not a directory"):
        running(directory)
    assert directory.read_text() == "I was here first"
    directory.unlink()


def test_a_missing_parent_directory_is_invalid(directory: Path) -> None:
    with pytest.raises(Invalid, match="does not exist"):
        running(directory / "nowhere" / ".chatctl")


def test_a_start_that_fails_shows_the_end_of_the_log(directory: Path) -> None:
    running(directory)
    server.stop(directory)
    with (directory / "data" / "postgresql.conf").open("a") as file:
        file.write("\nchat_speed = ludicrous\n")
    with pytest.raises(ChatctlError, match=r'(?s)failed to start.*"chat_speed"') as caught:
        running(directory)
    assert caught.value.exit_code == 1


@pytest.fixture
def small_disk(directory: Path) -> Iterator[Path]:
    """A file system of its own with room for a server, but not for much more."""
    disk = directory.parent / "small"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "none", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting a small disk needs root and is not always allowed")
    yield disk
    server.stop(disk / ".chatctl")
    subprocess.run(["umount", str(disk)], check=True)


def fill(disk: Path, *, leave: int) -> None:
    free = os.statvfs(disk)
    (disk / "ballast").write_bytes(bytes(free.f_bavail * free.f_frsize - leave))


@pytest.mark.parametrize("leave", [0, 100_000, 16_000_000])
def test_a_disk_too_full_for_a_new_server_is_named(small_disk: Path, leave: int) -> None:
    fill(small_disk, leave=leave)
    with pytest.raises(Unavailable, match="no space left on the disk of"):
        running(small_disk / ".chatctl")
    assert not processes.using(small_disk)
    (small_disk / "ballast").unlink()
    assert running(small_disk / ".chatctl").pid


def test_a_disk_too_full_for_a_start_is_named(small_disk: Path) -> None:
    instance = running(small_disk / ".chatctl")
    server.stop(instance.directory)
    fill(small_disk, leave=0)
    with pytest.raises(Unavailable, match="no space left on the disk of"):
        running(instance.directory)
    (small_disk / "ballast").unlink()
    assert running(instance.directory).version == instance.version
