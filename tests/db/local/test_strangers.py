"""Directories, files and links that are not ours are neither changed nor deleted."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from chatctl.errors import ChatctlError, Invalid, NotAllowed
from chatctl.local.postgres import server, throwaway
from chatctl.local.postgres.directory import MARK
from chatctl.local.postgres.server import Server

pytestmark = pytest.mark.slow


def running(directory: Path, *, version: int | None = None) -> Server:
    return server.ensure_running(directory, version=version, durable=False)


def picture(root: Path) -> dict[str, tuple[int, int, int, bytes]]:
    """Mode, owner, group and contents of everything below ``root``."""
    state = {}
    for path in [root, *sorted(root.rglob("*"))]:
        status = path.lstat()
        contents = path.read_bytes() if stat.S_ISREG(status.st_mode) else b""
        state[str(path)] = (status.st_mode, status.st_uid, status.st_gid, contents)
    return state


def assert_untouched(
    directory: Path, *untouched: Path, error: type[ChatctlError] = Invalid, match: str
) -> None:
    """Every command refuses ``directory`` or does nothing, and leaves ``untouched`` as it is."""
    before = [picture(path) for path in untouched]
    for act in (running, server.reset):
        with pytest.raises(error, match=match):
            act(directory)
    assert server.status(directory) is None
    assert not server.stop(directory)
    assert [picture(path) for path in untouched] == before


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
def test_a_directory_of_somebody_else_is_refused_and_unchanged(
    place: Path, directory: Path, make: Callable[[Path], None], linked: bool
) -> None:
    disk = place / "disk" if linked else directory
    make(disk)
    disk.chmod(0o755)
    if linked:
        directory.symlink_to(disk)
    assert_untouched(directory, disk, match="was not created by chatctl")


@pytest.mark.parametrize("target", ["empty", "nowhere", ".chatctl"])
def test_a_link_to_anything_but_our_directory_is_refused(place: Path, directory: Path, target: str) -> None:
    (place / "empty").mkdir(mode=0o755)
    directory.symlink_to(target)
    with pytest.raises(Invalid):
        running(directory)
    with pytest.raises(Invalid):
        server.reset(directory)
    assert {path.name for path in place.iterdir()} == {"empty", ".chatctl"}
    assert picture(place / "empty")[str(place / "empty")][0] == stat.S_IFDIR | 0o755


def test_a_link_does_not_make_a_foreign_cluster_ours(place: Path, directory: Path) -> None:
    other = running(place / "other")
    server.stop(other.directory)
    for name in (MARK, "server.json", "lock", "server.log"):
        (other.directory / name).unlink()
    directory.symlink_to(other.directory)
    assert_untouched(directory, other.directory, match="a link to")


def test_our_directory_may_be_elsewhere(place: Path, directory: Path) -> None:
    instance = running(place / "elsewhere")
    directory.symlink_to("elsewhere")
    assert running(directory) == instance == server.status(directory)
    assert server.stop(directory)
    assert server.reset(directory).directory == instance.directory


@pytest.mark.parametrize("linked", [True, False])
def test_a_directory_of_an_older_chatctl_without_markers_is_ours(
    place: Path, directory: Path, linked: bool
) -> None:
    instance = running(place / "older" if linked else directory)
    (instance.directory / MARK).unlink()
    if linked:
        directory.symlink_to(instance.directory)
    assert server.status(directory) == instance
    assert server.stop(directory)
    assert running(directory).directory == instance.directory
    assert (instance.directory / MARK).read_text().startswith("An embedded PostgreSQL server of chatctl")
    (instance.directory / MARK).unlink()
    assert server.reset(directory).version == instance.version


@pytest.mark.parametrize("left", ["", "lock", "lock data.new", "lock data.new data.old"])
def test_leftovers_of_a_killed_chatctl_without_markers_are_ours(directory: Path, left: str) -> None:
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
def test_something_else_under_one_of_our_names_is_refused(
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
    untouched = [precious] if kind == "socket" else [precious, directory]
    assert_untouched(directory, *untouched, match=f"{name} is not a .* of the embedded server; move it away")
    assert not (place / "nowhere").exists()


@pytest.mark.parametrize("name", ["PG_VERSION", "postmaster.pid"])
def test_a_pipe_in_the_data_directory_does_not_block(directory: Path, name: str) -> None:
    instance = running(directory)
    server.stop(directory)
    (instance.directory / "data" / name).unlink(missing_ok=True)
    os.mkfifo(instance.directory / "data" / name)
    with pytest.raises(Invalid, match=f"{name} is not a file of the embedded server"):
        running(directory)
    (instance.directory / "data" / name).unlink()


def test_reset_keeps_files_that_replaced_the_data(directory: Path) -> None:
    instance = running(directory)
    server.stop(directory)
    shutil.rmtree(instance.directory / "data")
    (instance.directory / "data").mkdir()
    (instance.directory / "data" / "diary").write_text("precious")
    assert_untouched(directory, directory, match="data is not a data directory of PostgreSQL; move it away")


def test_reset_accepts_damaged_data(directory: Path) -> None:
    instance = running(directory)
    server.stop(directory)
    (instance.directory / "data" / "PG_VERSION").write_text("")
    with pytest.raises(Invalid, match="PG_VERSION is damaged; delete the data with `chatctl local reset`"):
        running(directory)
    assert server.reset(directory).version == instance.version


# Throwaway servers ----------------------------------------------------------------------------------------


@pytest.fixture
def registry(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The registry of throwaway servers, in a temporary directory of our own."""
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place / f"chatctl-{os.geteuid()}"


def test_sweep_deletes_only_throwaway_servers(place: Path, registry: Path) -> None:
    registry.mkdir(mode=0o700)
    _files(place / "disk")
    (place / "disk" / "owner").touch()
    (registry / "link").symlink_to(place / "disk")
    _files(registry / "precious")
    (registry / "odd").mkdir()
    (registry / "odd" / "owner").symlink_to(place / "disk" / "owner")
    os.mkfifo(registry / "pipe")
    (registry / "file").write_text("precious")
    before = picture(place / "disk") | picture(registry / "precious") | picture(registry / "odd")

    (registry / "left").mkdir()
    (registry / "left" / "owner").touch()
    (registry / "just made").mkdir()

    assert throwaway.sweep() == [registry / "just made", registry / "left"]
    assert picture(place / "disk") | picture(registry / "precious") | picture(registry / "odd") == before
    assert {"link", "precious", "odd", "pipe", "file", "lock"} == {path.name for path in registry.iterdir()}


@pytest.mark.parametrize("kind", ["file", "dangling link", "link"])
def test_a_registry_of_another_kind_is_refused(place: Path, registry: Path, kind: str) -> None:
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


def test_a_world_writable_temporary_directory_without_sticky_bit_is_refused(
    place: Path, registry: Path
) -> None:
    place.chmod(0o777)
    with pytest.raises(NotAllowed, match=f"every user can replace what is in {place}; set TMPDIR"):
        throwaway.server().__enter__()
    place.chmod(0o1777)
    with throwaway.server() as instance:
        assert instance.directory.parent == registry
