"""One data directory of PostgreSQL and its postmaster: made, started, asked and stopped.

A directory holds ``data/`` (PGDATA, with the socket in it), ``server.log`` of the last start and the one
before, ``lock`` and ``server.json``. Whoever changes it holds the lock; see ``server`` and ``directory``.
"""

from __future__ import annotations

import os
import shutil
import socket
import struct
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from chatctl import waiting
from chatctl.errors import ChatctlError, Conflict, Invalid, Unavailable
from chatctl.local.postgres import binaries
from chatctl.local.postgres.account import Account
from chatctl.local.postgres.directory import Directory, holds_cluster

SUPERUSER = "supabase_admin"
PORT = 5432

SOCKET_PATH_LIMIT = 103 if sys.platform == "darwin" else 107  # bytes, of sun_path without its final zero

_START_SECONDS = 60
_STOP_SECONDS = 60
_SETTLE_SECONDS = 2
_LOG_LINES = 8
_FULL = 100_000  # bytes left
# Half made by initdb, or half deleted by a reset: only a complete data directory is ever called data.
_UNFINISHED = ("data.new", "data.old")
_LOG = "server.log"

_SETTINGS = {
    # Only a socket, in the data directory: relative, so that a moved directory keeps working.
    "listen_addresses": "",
    "unix_socket_directories": ".",
    "port": str(PORT),
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "wal_level": "logical",
    "max_replication_slots": "20",
    "max_wal_senders": "20",
    # A Realtime slot that nobody reads any more must not fill the disk.
    "max_slot_wal_keep_size": "2GB",
    # Containers give /dev/shm 64 MB, and what lies there outlives a killed server.
    "dynamic_shared_memory_type": "mmap",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %u@%d ",
}
_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_LOCALES = {
    16: ["--locale=C.UTF-8"],
    18: ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"],
}


@dataclass(frozen=True)
class Postmaster:
    """What ``postmaster.pid`` says: a process id and whether that process takes connections."""

    pid: int
    ready: bool


@dataclass(frozen=True)
class Listener:
    """Who listens on a socket, as the system says: nobody can be made to look like another.

    ``pid`` is 0 for a process that we cannot see, in a container; None where the system does not say.
    """

    pid: int | None = None
    uid: int | None = None


def version(at: Directory) -> int | None:
    """The major version that made the data directory; None when there is none yet."""
    with at.folder("data") as data, suppress(ValueError):
        return int((data and data.text("PG_VERSION")) or "")
    return None


def postmaster(at: Directory) -> Postmaster | None:
    """The postmaster that the data directory names; it may have ended without saying so."""
    with at.folder("data") as data, suppress(ValueError):
        lines = [line.strip() for line in ((data and data.text("postmaster.pid")) or "").split("\n")]
        return Postmaster(pid=int(lines[0]), ready=lines[7:8] == ["ready"])
    return None


def socket_path(directory: Path) -> Path:
    """The unix socket of the server."""
    return directory / "data" / f".s.PGSQL.{PORT}"


def socket_fits(directory: Path) -> bool:
    """Whether the socket of a server in ``directory`` would have a path that the system takes."""
    return len(os.fsencode(socket_path(directory))) <= SOCKET_PATH_LIMIT


def running(at: Directory) -> Postmaster | None:
    """The postmaster when it takes connections; found out without starting anything, in a millisecond.

    Raises Conflict when somebody else answers on its socket: another user, or a server that was started in
    another container, where process ids mean other processes.
    """
    found: Postmaster | None = None

    def settled() -> bool:
        nonlocal found
        # In this order: a server that starts meanwhile has named itself before it listens.
        listener = _listener(at)
        named = postmaster(at)
        found = named if listener else None
        return listener is None or (named is not None and _is_listener(named, listener, at))

    if not waiting.until(settled, seconds=_SETTLE_SECONDS, every=0.05):
        raise Conflict(
            f"the process that listens on the socket in {at.path}/data is not the one in postmaster.pid"
            f"{f', process {found.pid}' if found else ''}; nothing was stopped or changed",
            hint="stop a server where it was started: in its container, or on the host of this one",
        )
    return found if found and found.ready and _lives(found.pid) else None


def create(at: Directory, major: int, account: Account, *, durable: bool) -> None:
    """Make the data directory with initdb; it appears complete or not at all."""
    new = at.path / "data.new"
    clear_unfinished(at)
    at.create_folder(new.name, uid=account.uid, gid=account.gid)
    settings = _SETTINGS | ({} if durable else _NOT_DURABLE)
    command = [
        str(binaries.program(major, "initdb")),
        "-D",  # a word of its own, by which processes.found knows a killed owner's initdb
        str(new),
        f"--username={SUPERUSER}",
        # Trust is enough: the socket lies in a directory that only its owner and root can enter.
        "--auth-local=trust",
        "--auth-host=reject",
        "--encoding=UTF8",
        *_LOCALES[major],
        "--text-search-config=english",
        "--no-instructions",
        *([] if durable else ["--no-sync"]),
        *(f"--set={name}={value}" for name, value in settings.items()),
    ]
    answer = subprocess.run(
        command,
        cwd=at.path,
        env=binaries.clean_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        **account.arguments,
    )
    if answer.returncode != 0:
        clear_unfinished(at)
        raise _failure("initdb failed", answer.stderr or answer.stdout, at.path)
    at.rename(new.name, "data")


def require_cluster(at: Directory) -> None:
    """Raise Invalid when ``data`` holds something else than a data directory of PostgreSQL."""
    if not holds_cluster(at):
        raise Invalid(f"{at.path / 'data'} is not a data directory of PostgreSQL; move it away")


def require_none(at: Directory) -> None:
    """Raise Invalid when there is something in ``data`` already."""
    require_cluster(at)
    with at.folder("data") as data:
        if data and data.names():
            raise Invalid(f"{data.path}/PG_VERSION is damaged; delete the data with `chatctl local reset`")


def clear_unfinished(at: Directory) -> None:
    """Delete what a killed initdb or reset has left; such an initdb may still be at work."""
    from chatctl.local.postgres import processes  # noqa: PLC0415 - see stop

    for name in _UNFINISHED:
        if at.status(name):
            processes.end(at.path / name)
            at.delete(name)


# The children of a killed postmaster use its memory until they end, and it is a zombie until its parent has
# waited for it.
_SIGNS_OF_A_KILLED_POSTMASTER = (
    "pre-existing shared memory block",
    'lock file "postmaster.pid" already exists',
)


def start(at: Directory, major: int, account: Account) -> None:
    """Have the postmaster ready, detached from us and from the terminal.

    Raises Unavailable when that takes too long or the disk is full, ChatctlError with the end of the log
    when it does not start.
    """
    if _on_its_way(at):
        return
    stop(at)
    _forget_stranger(at)
    if at.status(_LOG):
        at.rename(_LOG, f"{_LOG}.1")
    started = False

    def tried() -> bool:
        nonlocal started
        at.delete(_LOG)  # of the attempt before
        # One that a killed chatctl has just started may have been faster.
        started = _launch(at, major, account) or _on_its_way(at)
        return started or not any(sign in _log_text(at) for sign in _SIGNS_OF_A_KILLED_POSTMASTER)

    waiting.until(tried, seconds=10, every=0.1)
    if not started:
        raise _failure("the server failed to start", _log_text(at), at.path)


def stop(at: Directory) -> bool:
    """Stop the postmaster, its sessions rolled back; whether there was one.

    Raises Conflict as ``running`` does, ChatctlError when even SIGKILL does not end it.
    """
    from chatctl.local.postgres import processes  # noqa: PLC0415 - psutil; asking a server that runs does without

    listens = running(at)
    # One that a killed chatctl has just started names itself in a moment.
    data = at.path / "data"
    waiting.until(lambda: bool(postmaster(at) or not processes.found(data)), seconds=_START_SECONDS)
    named = postmaster(at)
    if named is None:
        return False
    # Where its directories cannot be read, as in some containers, its socket says that it is the one.
    process = processes.program(named.pid, at.path, known=listens == named)
    if process is None:
        return False
    processes.interrupt(process)  # "fast": a last checkpoint, but no waiting for clients
    if not waiting.until(lambda: not processes.exists(named.pid), seconds=_STOP_SECONDS):
        processes.end(at.path)
    return True


def delete(at: Directory) -> None:
    """Delete the data of a stopped server: all of it at once, as others see it."""
    from chatctl.local.postgres import processes  # noqa: PLC0415 - see stop

    require_cluster(at)
    clear_unfinished(at)
    if at.status("data"):
        processes.end(at.path / "data")
        at.rename("data", "data.old")
    clear_unfinished(at)


def _lives(pid: int) -> bool:
    # A killed postmaster's newborn child may still hold the socket open for a moment.
    with suppress(ChildProcessError):
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _listener(at: Directory) -> Listener | None:
    """Who listens on the socket of the server; None when nobody does."""
    if not socket_fits(at.path):
        return None
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        try:
            client.connect(os.fsencode(socket_path(at.path)))
        except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
            return None
        except (BlockingIOError, TimeoutError):
            return Listener()  # so many are waiting to get in that it must be there
        if sys.platform != "linux":
            return Listener()
        said = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        pid, uid, _ = struct.unpack("3i", said)
        return Listener(pid, uid)


def _is_listener(named: Postmaster, listener: Listener, at: Directory) -> bool:
    if listener.pid is None:
        from chatctl.local.postgres import processes  # noqa: PLC0415 - see stop

        return processes.works_in(named.pid, at.path)
    data = at.status("data")
    return data is not None and (listener.pid, listener.uid) == (named.pid, data.st_uid)


def _on_its_way(at: Directory) -> bool:
    # A chatctl that was killed may have left a postmaster that starts or recovers: it is as good as ours.
    from chatctl.local.postgres import processes  # noqa: PLC0415 - see stop

    def settled() -> bool:
        named = postmaster(at)
        return named is None or named.ready or not processes.works_in(named.pid, at.path)

    return waiting.until(settled, seconds=_START_SECONDS) and running(at) is not None


def _launch(at: Directory, major: int, account: Account) -> bool:
    with at.create(_LOG) as output:
        process = subprocess.Popen(
            [binaries.program(major, "postgres"), "-D", at.path / "data"],
            cwd=at.path,
            env=binaries.clean_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C in the terminal is not for it
            **account.arguments,
        )

    def settled() -> bool:
        return process.poll() is not None or postmaster(at) == Postmaster(process.pid, ready=True)

    if not waiting.until(settled, seconds=_START_SECONDS):
        log = at.path / _LOG
        raise Unavailable(f"the server in {at.path} is not ready after {_START_SECONDS} s; see {log}")
    started = process.returncode is None
    process.returncode = 0  # it outlives us; whoever stops it reaps it
    return started


def _forget_stranger(at: Directory) -> None:
    # After a crash the process id of the dead postmaster may belong to another program, for which
    # PostgreSQL would wait for ever. A dead id it clears up itself, with better checks than ours.
    from chatctl.local.postgres import processes  # noqa: PLC0415 - see stop

    named = postmaster(at)
    if named is not None and processes.exists(named.pid) and not processes.works_in(named.pid, at.path):
        with at.folder("data") as data:
            if data:
                data.delete("postmaster.pid")
                data.delete(f".s.PGSQL.{PORT}.lock")


def _log_text(at: Directory) -> str:
    return at.text(_LOG) or ""


def _failure(what: str, output: str, directory: Path) -> ChatctlError:
    # A full disk takes no log either, so an empty one proves nothing.
    full = shutil.disk_usage(directory).free < _FULL
    if full or "No space left on device" in output or "Disk quota exceeded" in output:
        return Unavailable(f"no space left on the disk of {directory}")
    tail = "\n".join(f"  {line}" for line in output.strip().splitlines()[-_LOG_LINES:])
    if "already in use" in output or "another server might be running" in output:
        return Conflict(f"{what} in {directory}: another server uses it\n{tail}")
    return ChatctlError(f"{what} in {directory}\n{tail}")
