"""The embedded PostgreSQL server of a directory, usually ``./.chatctl``."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from chatctl.errors import Conflict, Invalid, Unavailable
from chatctl.local import account, binaries, cluster, lock, platform

OWNER = "postgres"
DATABASE = "postgres"

_SOCKET_PATH_LIMIT = 103 if sys.platform == "darwin" else 107  # bytes, of sun_path without its final zero
_LOCK_SECONDS = 120
_DISK_REASONS = {
    errno.EACCES: "is not open to this user",
    errno.EPERM: "is not open to this user",
    errno.EROFS: "is on a read-only file system",
    errno.EEXIST: "is not a directory",
    errno.ENOTDIR: "is not a directory",
    errno.ENOENT: "does not exist",
    errno.ELOOP: "is a symbolic link",
}


@dataclass(frozen=True)
class Server:
    """A running embedded server; ``version`` is the whole version, for example ``18.4``."""

    directory: Path
    version: str
    pid: int

    @property
    def socket_directory(self) -> Path:
        """Where its unix socket is."""
        return self.directory / "data"

    @property
    def url(self) -> str:
        """The URL of the role that owns the backend's objects and is, as on Supabase, no superuser."""
        return self.url_for(OWNER)

    @property
    def admin_url(self) -> str:
        """The URL of the superuser."""
        return self.url_for(cluster.SUPERUSER)

    def url_for(self, role: str, database: str = DATABASE) -> str:
        """The URL of ``role`` in ``database``; the socket asks for no password."""
        host = quote(os.fsencode(self.socket_directory))
        return (
            f"postgresql://{quote(role, safe='')}@/{quote(database, safe='')}?host={host}&port={cluster.PORT}"
        )


def ensure_running(directory: Path, *, version: int | None = None, durable: bool = True) -> Server:
    """The server of ``directory``, made and started if need be, with ``sql/platform`` applied as it is now.

    It keeps running when we end. ``version`` is the major version; by default CHATCTL_PG_VERSION, or that of
    the data, or 18. A server that is not ``durable`` is faster and loses its data when the machine stops.
    Raises Invalid for a directory that cannot serve, Conflict for data of another version, Unavailable when
    the disk is full.
    """
    directory = _located(directory)
    running = _up_to_date(directory, version)
    if running is not None:
        return running
    binaries.program(_version(directory, version), "postgres")  # missing: say so before anything is made
    with _changing(directory) as runs_as:
        running = _up_to_date(directory, version)
        if running is not None:
            return running
        return _start(directory, _version(directory, version), runs_as, durable=durable)


def status(directory: Path) -> Server | None:
    """The server of ``directory`` when it runs; nothing is started or changed."""
    directory = directory.resolve()
    with _disk(directory):
        found = cluster.running(directory)
        if found is None:
            return None
        version = _noted(directory).get("version") or str(cluster.version(directory))
        return Server(directory, version, found.pid)


def stop(directory: Path) -> bool:
    """Stop the server of ``directory``; whether there was one to stop. Its data stays."""
    directory = directory.resolve()
    with _disk(directory):
        if cluster.postmaster(directory) is None:
            return False
    with _changing(directory):
        return cluster.stop(directory)


def reset(directory: Path, *, version: int | None = None) -> Server:
    """Delete all data of ``directory`` and start anew, with the same major version unless told otherwise."""
    directory = _located(directory)
    wanted = binaries.wanted_version(version)
    with _changing(directory) as runs_as:
        present = cluster.version(directory)
        major = wanted or (present if present in binaries.VERSIONS else None) or binaries.DEFAULT_VERSION
        binaries.program(major, "initdb")  # before anything is deleted
        cluster.stop(directory)
        _note(directory).unlink(missing_ok=True)
        cluster.delete(directory)
        return _start(directory, major, runs_as, durable=True)


def socket_fits(directory: Path) -> bool:
    """Whether the socket of a server in ``directory`` would have a path that the system takes."""
    return len(os.fsencode(cluster.socket_path(directory))) <= _SOCKET_PATH_LIMIT


def _start(directory: Path, major: int, runs_as: account.Account, *, durable: bool) -> Server:
    account.open_the_way(binaries.program(major, "postgres"), runs_as)
    if cluster.version(directory) is None:
        _note(directory).unlink(missing_ok=True)
        cluster.create(directory, major, runs_as, durable=durable)
    noted = _noted(directory)
    if status(directory) is None:
        cluster.start(directory, major, runs_as)
        noted["version"] = binaries.full_version(major)
    noted.setdefault("version", binaries.full_version(major))
    _write_note(directory, noted)
    server = status(directory)
    if server is None:
        raise Unavailable(f"the server in {directory} ended as soon as it had started; see server.log there")
    applied = platform.checksum()
    if noted.get("platform") != applied:
        platform.apply(server.admin_url)
        _write_note(directory, {**noted, "platform": applied})
    return server


def _up_to_date(directory: Path, version: int | None) -> Server | None:
    running = status(directory)
    if running is None or _noted(directory).get("platform") != platform.checksum():
        return None
    _version(directory, version)
    return running


def _version(directory: Path, version: int | None) -> int:
    wanted = binaries.wanted_version(version)
    present = cluster.version(directory)
    if present is not None and present not in binaries.VERSIONS:
        raise Conflict(
            f"{directory} holds data of PostgreSQL {present}, which does not come with chatctl; "
            "delete it with `chatctl local reset`"
        )
    if wanted is not None and present is not None and wanted != present:
        raise Conflict(
            f"{directory} holds data of PostgreSQL {present}, not {wanted}; keep it with "
            f"{binaries.VERSION_VARIABLE}={present}, or delete it with `chatctl local reset`"
        )
    return present or wanted or binaries.DEFAULT_VERSION


def _located(directory: Path) -> Path:
    directory = directory.resolve()
    if not socket_fits(directory):
        length = len(os.fsencode(cluster.socket_path(directory)))
        raise Invalid(
            f"the path {directory} is too long for a unix socket: {length} bytes with the socket's name, "
            f"the limit is {_SOCKET_PATH_LIMIT}; work in a directory nearer to the root"
        )
    if "," in str(directory) or "\n" in str(directory):
        raise Invalid(
            f"the path {str(directory)!r} holds a comma or a line break, which PostgreSQL's clients split at"
        )
    return directory


@contextmanager
def _changing(directory: Path) -> Iterator[account.Account]:
    # One of us at a time makes, starts or stops the server; the others wait and find it done.
    with _disk(directory):
        directory.mkdir(mode=0o700, exist_ok=True)
        runs_as = account.for_directory(directory)
        account.close_to_others(directory, runs_as)
        account.open_the_way(directory, runs_as)
        busy = f"another chatctl has been busy with {directory} for {_LOCK_SECONDS} s; try again later"
        with lock.held(directory / "lock", seconds=_LOCK_SECONDS, busy=busy):
            yield runs_as


@contextmanager
def _disk(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Unavailable(f"no space left on the disk of {directory}") from error
        reason = _DISK_REASONS.get(error.errno or 0)
        if reason is None:
            raise
        raise Invalid(f"{directory} cannot be used: {error.filename or directory} {reason}") from error


# What the server was when it was last started, and which sql/platform it has: saves asking the server.


def _note(directory: Path) -> Path:
    return directory / "server.json"


def _noted(directory: Path) -> dict[str, str]:
    try:
        noted = json.loads(_note(directory).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return {}
    return noted if isinstance(noted, dict) else {}


def _write_note(directory: Path, noted: dict[str, str]) -> None:
    new = directory / "server.json.new"
    new.unlink(missing_ok=True)
    with new.open("x", encoding="utf-8") as file:
        json.dump(noted, file)
    new.rename(_note(directory))
