"""The user of the embedded server: the current one, or for root the owner of its files or ``pgserver``."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from chatctl.errors import Invalid, NotAllowed
from chatctl.local.postgres import server, throwaway
from chatctl.local.postgres.server import Server
from tests.support.places import PLACE

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")

START = """
import sys
from pathlib import Path
import psycopg
from chatctl.local.postgres import server
at = server.ensure_running(Path(sys.argv[1]), durable=False)
psycopg.connect(at.url).execute("select 1")
print(at.pid)
"""
THROWAWAY = """
from chatctl.local.postgres import throwaway
with throwaway.server() as at:
    print(at.directory)
"""


def running(directory: Path, *, version: int | None = None) -> Server:
    # The fsync of initdb takes most of the time, and these tests are not about power failures.
    return server.ensure_running(directory, version=version, durable=False)


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that belongs to ``nobody``."""
    place = Path(tempfile.mkdtemp(prefix="cc", dir=PLACE))
    os.chown(place, *numbers("nobody"))
    yield place
    if (place / ".chatctl").exists():
        server.stop(place / ".chatctl")
    shutil.rmtree(place)


def numbers(name: str) -> tuple[int, int]:
    entry = pwd.getpwnam(name)
    return entry.pw_uid, entry.pw_gid


@pytest.fixture(scope="module")
def python() -> Iterator[list[str]]:
    """The command that starts this Python with its packages as a user who cannot read /root."""
    if nobody([sys.executable, "-c", "import psycopg"], cwd="/").returncode == 0:
        yield [sys.executable]
        return
    door = tempfile.mkdtemp(prefix="cc", dir=PLACE)
    Path(door).chmod(0o755)
    mounted = subprocess.run(["mount", "--bind", sys.base_prefix, door], capture_output=True, check=False)
    try:
        inside = Path(door) / Path(sys.executable).resolve().relative_to(Path(sys.base_prefix).resolve())
        libraries = f"LD_LIBRARY_PATH={door}/lib"
        command = ["env", f"PYTHONPATH={os.pathsep.join(filter(None, sys.path))}", libraries, str(inside)]
        if mounted.returncode or nobody([*command, "-c", "import psycopg"], cwd="/").returncode:
            pytest.skip("the user nobody cannot run this Python")
        yield command
    finally:
        subprocess.run(["umount", door], check=False, capture_output=True)
        Path(door).rmdir()


def nobody(command: list[str], *, cwd: Path | str) -> subprocess.CompletedProcess[str]:
    """Run ``command`` as the system user ``nobody``, with ``cwd`` as its temporary directory."""
    uid, gid = numbers("nobody")
    environment = {**os.environ, "TMPDIR": str(cwd), "HOME": str(cwd), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        return subprocess.run(
            command,
            cwd=cwd,
            env=environment,
            user=uid,
            group=gid,
            extra_groups=[],
            capture_output=True,
            text=True,
            check=False,
        )
    except PermissionError as error:
        return subprocess.CompletedProcess(command, 126, "", str(error))


def runs_as(pid: int) -> str:
    return str(psutil.Process(pid).username())


def test_an_ordinary_user_runs_it_without_help(python: list[str], place: Path) -> None:
    answer = nobody([*python, "-c", START, ".chatctl"], cwd=place)
    assert answer.returncode == 0, answer.stderr
    assert runs_as(int(answer.stdout)) == "nobody"
    assert stat.S_IMODE((place / ".chatctl").stat().st_mode) == 0o700


def test_an_ordinary_user_has_throwaway_servers(python: list[str], place: Path) -> None:
    answer = nobody([*python, "-c", THROWAWAY], cwd=place)
    assert answer.returncode == 0, answer.stderr
    assert not Path(answer.stdout.strip()).exists()


def test_root_runs_it_as_pgserver(place: Path) -> None:
    os.chown(place, 0, 0)
    instance = running(place / ".chatctl")
    assert runs_as(instance.pid) == "pgserver"
    assert (place / ".chatctl").stat().st_uid == 0


def test_root_grants_search_permission_only(place: Path) -> None:
    os.chown(place, 0, 0)
    inner = place / "a" / "b"
    inner.mkdir(parents=True)
    for path in (place, place / "a", inner):
        path.chmod(0o700)
    running(inner / ".chatctl")
    assert {stat.S_IMODE(path.stat().st_mode) for path in (place, place / "a", inner)} == {0o701}
    server.stop(inner / ".chatctl")


def test_root_names_the_directories_it_opens(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    os.chown(place, 0, 0)
    place.chmod(0o700)
    running(place / ".chatctl")
    assert [message for message in caplog.messages if str(place) in message] == [
        f"gave all users search permission on '{place}' (chmod o+x) for the system user pgserver"
    ]
    server.stop(place / ".chatctl")
    running(place / ".chatctl")
    assert len(caplog.messages) == 1


def test_root_does_not_open_a_users_directory(place: Path) -> None:
    before = place.stat().st_mode
    with pytest.raises(NotAllowed, match=f"pgserver, who cannot pass through {place}") as refused:
        running(place / ".chatctl")
    assert refused.value.hint == f"run chatctl as nobody, whose directory that is, or: chmod o+x {place}"
    assert place.stat().st_mode == before
    assert not any(place.iterdir())


def test_root_does_not_follow_a_link_of_a_user_to_its_own_server(place: Path) -> None:
    place.chmod(0o755)
    own = Path(tempfile.mkdtemp(prefix="cc", dir=PLACE))
    instance = running(own / ".chatctl")
    (place / ".chatctl").symlink_to(instance.directory)
    os.chown(place / ".chatctl", *numbers("nobody"), follow_symlinks=False)
    try:
        with pytest.raises(Invalid, match="nothing in it was changed"):
            server.reset(place / ".chatctl")
        assert server.status(place / ".chatctl") is None
        assert not server.stop(place / ".chatctl")
        assert server.status(instance.directory) == instance
        os.chown(place / ".chatctl", 0, 0, follow_symlinks=False)
        assert server.status(place / ".chatctl") == instance
    finally:
        server.stop(instance.directory)
        shutil.rmtree(own)


def test_root_does_not_take_over_a_server_of_a_user(python: list[str], place: Path) -> None:
    first = nobody([*python, "-c", START, ".chatctl"], cwd=place)
    assert running(place / ".chatctl").pid == int(first.stdout)
    server.stop(place / ".chatctl")
    instance = running(place / ".chatctl")
    assert runs_as(instance.pid) == "nobody"
    server.reset(place / ".chatctl")
    server.stop(place / ".chatctl")
    again = nobody([*python, "-c", START, ".chatctl"], cwd=place)
    assert again.returncode == 0, again.stderr
    assert runs_as(int(again.stdout)) == "nobody"


def test_a_user_is_told_that_the_directory_belongs_to_somebody_else(python: list[str], place: Path) -> None:
    place.chmod(0o755)
    running(place / ".chatctl")
    (place / ".chatctl").chmod(0o700)
    answer = nobody([*python, "-c", START, ".chatctl"], cwd=place)
    assert "is not open to this user" in answer.stderr


def test_a_user_does_not_work_in_a_directory_of_somebody_else(python: list[str], place: Path) -> None:
    (place / ".chatctl").mkdir(mode=0o755)
    answer = nobody([*python, "-c", START, ".chatctl"], cwd=place)
    assert "belongs to the system user root" in answer.stderr
    assert not any((place / ".chatctl").iterdir())


def test_a_user_is_told_that_the_directory_is_not_writable(python: list[str], place: Path) -> None:
    os.chown(place, 0, 0)
    place.chmod(0o755)
    answer = nobody([*python, "-c", START, ".chatctl"], cwd=place)
    assert "Invalid: .chatctl cannot be created: . is not writable" in answer.stderr
    assert not (place / ".chatctl").exists()


def test_root_sweeps_only_its_own_registry(
    python: list[str], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    nobody([*python, "-c", THROWAWAY], cwd=place)
    assert throwaway.sweep() == []
    assert (place / f"chatctl-{numbers('nobody')[0]}").exists()
