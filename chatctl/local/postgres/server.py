"""The embedded PostgreSQL server of a directory, usually ``./.chatctl``."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from chatctl.errors import Conflict, Invalid, Unavailable
from chatctl.local import lock
from chatctl.local.postgres import account, binaries, cluster, platform
from chatctl.local.postgres.directory import Directory, opened, opened_if_ours

OWNER = "postgres"
DATABASE = "postgres"

# The version of the server at its last start and the checksum of its sql/platform, to save a connection.
_STATE = "server.json"
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
    """A running embedded server; ``version`` is the full version, for example ``18.4``."""

    directory: Path
    version: str
    pid: int

    @property
    def socket_directory(self) -> Path:
        """The directory of its unix socket."""
        return self.directory / "data"

    @property
    def url(self) -> str:
        """The URL for the role that owns the backend's objects; as on Supabase, it is not a superuser."""
        return self.url_for(OWNER)

    @property
    def admin_url(self) -> str:
        """The URL for the superuser."""
        return self.url_for(cluster.SUPERUSER)

    def url_for(self, role: str, database: str = DATABASE) -> str:
        """The URL for ``role`` in ``database``; the socket requires no password."""
        host = quote(os.fsencode(self.socket_directory))
        return (
            f"postgresql://{quote(role, safe='')}@/{quote(database, safe='')}?host={host}&port={cluster.PORT}"
        )


def exists(directory: Path) -> bool:
    """Whether ``directory`` contains the data of a server, running or stopped.

    Raises Invalid for a directory that chatctl did not create.
    """
    with _disk(directory), opened(directory) as at:
        return at is not None and cluster.version(at) is not None


def ensure_running(directory: Path, *, version: int | None = None, durable: bool = True) -> Server:
    """The server of ``directory``, created and started if necessary, with the current ``sql/platform``.

    It keeps running when this process ends. ``version`` is the major version; by default CHATCTL_PG_VERSION,
    or that of the data, or 18. A server that is not ``durable`` is faster, but can lose its data when the
    machine stops. Raises Invalid for an unsuitable directory, Conflict for data of another version,
    Unavailable if the disk is full.
    """
    _check_path(directory)
    running = _up_to_date(directory, version)
    if running is not None:
        return running
    with _disk(directory), opened(directory) as there:
        major = _version(there, version)
    binaries.program(major, "postgres")  # raises before anything is created
    with _changing(directory) as (at, runs_as):
        running = _up_to_date(directory, version)
        if running is not None:
            return running
        return _start(at, _version(at, version), runs_as, durable=durable)


def status(directory: Path) -> Server | None:
    """The server of ``directory`` if it is running; nothing is started or changed.

    Raises Conflict if another process listens on its socket.
    """
    with _disk(directory), opened_if_ours(directory) as at:
        return _status(at) if at else None


def stop(directory: Path) -> bool:
    """Stop the server of ``directory``, and keep its data; returns whether it was running.

    Raises Conflict if another process listens on its socket.
    """
    with _disk(directory), opened_if_ours(directory) as at:
        if at is None or at.status("data") is None:
            return False
        with _locked(at):
            return cluster.stop(at)


def check_resettable(directory: Path, *, version: int | None = None) -> None:
    """Raise what ``reset`` would raise for this directory and version, before asking for confirmation."""
    _check_path(directory)
    binaries.requested_version(version)
    with _disk(directory), opened(directory) as at:
        if at:
            cluster.require_cluster(at)


def reset(directory: Path, *, version: int | None = None) -> Server:
    """Delete all data of ``directory`` and start a new server, by default with the same major version.

    Raises Invalid for a directory, or a ``data`` directory in it, that chatctl did not create.
    """
    check_resettable(directory, version=version)
    requested = binaries.requested_version(version)
    with _changing(directory) as (at, runs_as):
        present = cluster.version(at)
        major = requested or (present if present in binaries.VERSIONS else None) or binaries.DEFAULT_VERSION
        binaries.program(major, "initdb")  # raises before anything is deleted
        cluster.stop(at)
        at.delete(_STATE)
        cluster.delete(at)
        return _start(at, major, runs_as, durable=True)


def _start(at: Directory, major: int, runs_as: account.Account, *, durable: bool) -> Server:
    account.grant_search_permission(binaries.program(major, "postgres"), runs_as)
    if cluster.version(at) is None:
        cluster.require_none(at)
        at.delete(_STATE)
        cluster.create(at, major, runs_as, durable=durable)
    state = _read_state(at)
    if _status(at) is None:
        cluster.start(at, major, runs_as)
        state["version"] = binaries.full_version(major)
    state.setdefault("version", binaries.full_version(major))
    at.write(_STATE, json.dumps(state))
    server = _status(at)
    if server is None:
        raise Unavailable(f"the server in {at.path} ended right after it had started; see server.log there")
    checksum = platform.checksum()
    if state.get("platform") != checksum:
        platform.apply(server.admin_url)
        at.write(_STATE, json.dumps({**state, "platform": checksum}))
    return server


def _status(at: Directory) -> Server | None:
    postmaster = cluster.running(at)
    if postmaster is None:
        return None
    # All Server objects are created here; from then on, this process ignores libpq's variables.
    binaries.ignore_libpq_variables()
    return Server(at.path, _read_state(at).get("version") or str(cluster.version(at)), postmaster.pid)


def _up_to_date(directory: Path, version: int | None) -> Server | None:
    with _disk(directory), opened(directory) as at:
        running = _status(at) if at else None
        if at is None or running is None or _read_state(at).get("platform") != platform.checksum():
            return None
        _version(at, version)
        return running


def _version(at: Directory | None, version: int | None) -> int:
    requested = binaries.requested_version(version)
    present = cluster.version(at) if at else None
    if at is None or present is None:
        return requested or binaries.DEFAULT_VERSION
    if present not in binaries.VERSIONS:
        raise Conflict(
            f"{at.path} contains data of PostgreSQL {present}, which chatctl does not include; "
            "delete it with `chatctl local reset`"
        )
    if requested is not None and requested != present:
        raise Conflict(
            f"{at.path} contains data of PostgreSQL {present}, not {requested}; keep it with "
            f"{binaries.VERSION_VARIABLE}={present}, or delete it with `chatctl local reset`"
        )
    return present


def _check_path(directory: Path) -> None:
    directory = Path(os.path.realpath(directory))
    if not cluster.socket_fits(directory):
        length = len(os.fsencode(cluster.socket_path(directory)))
        raise Invalid(
            f"the path {directory} is too long for a unix socket: {length} bytes with the socket's name, "
            f"the limit is {cluster.SOCKET_PATH_LIMIT}; use a directory with a shorter path"
        )
    if "," in str(directory) or "\n" in str(directory):
        raise Invalid(
            f"the path {str(directory)!r} contains a comma or a line break, which separate hosts in libpq"
        )


@contextmanager
def _changing(directory: Path) -> Iterator[tuple[Directory, account.Account]]:
    # One process at a time creates, starts or stops the server; others wait.
    with _disk(directory):
        with opened(directory) as there:
            runs_as = account.for_directory(there)
        account.grant_search_permission(Path(os.path.realpath(directory)), runs_as)
        if there is None:
            _create(directory)
        with opened(directory) as at:
            if at is None:
                raise Conflict(f"{directory} was removed concurrently; try again")
            account.close_to_others(at, runs_as)
            at.mark()
            with _locked(at):
                yield at, runs_as


def _create(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
    except PermissionError as error:
        # The directory does not exist, so it is not the one that is not open to this user.
        raise Invalid(f"{directory} cannot be created: {directory.parent} is not writable") from error


def _locked(at: Directory) -> AbstractContextManager[None]:
    busy = f"another chatctl has been busy with {at.path} for {_LOCK_SECONDS} s; try again later"
    return lock.held(at.path / "lock", dir_fd=at.fd, seconds=_LOCK_SECONDS, busy=busy)


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


def _read_state(at: Directory) -> dict[str, str]:
    try:
        state = json.loads(at.text(_STATE) or "")
    except ValueError:
        return {}
    return state if isinstance(state, dict) else {}
