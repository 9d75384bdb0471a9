"""Creating, starting, checking and stopping one PostgreSQL data directory and its postmaster.

A directory contains ``data/`` (PGDATA, including the socket), ``server.log`` of the last two starts,
``lock`` and ``server.json``. Callers that change it must hold the lock; see ``server`` and ``directory``.
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

SOCKET_PATH_LIMIT = 103 if sys.platform == "darwin" else 107  # bytes of sun_path without its terminating zero

_START_SECONDS = 60
_STOP_SECONDS = 60
_SETTLE_SECONDS = 2
_LOG_LINES = 8
_FULL = 100_000  # bytes left
# Partly created by initdb, or partly deleted by a reset; only a complete data directory is named data.
_UNFINISHED = ("data.new", "data.old")
_LOG = "server.log"

_SETTINGS = {
    # Only a socket, in the data directory; its path is relative, so that the directory can be moved.
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
    # An abandoned replication slot of Realtime must not fill the disk.
    "max_slot_wal_keep_size": "2GB",
    # Containers limit /dev/shm to 64 MB, and its content remains after a server is killed.
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
    """The content of ``postmaster.pid``: a process id, and whether that process accepts connections."""

    pid: int
    ready: bool


@dataclass(frozen=True)
class Listener:
    """The process that listens on a socket according to the operating system, so it cannot be forged.

    ``pid`` is 0 for a process outside our PID namespace, for example in a container; None if the system does
    not report it.
    """

    pid: int | None = None
    uid: int | None = None


def version(at: Directory) -> int | None:
    """The major version of the data directory; None if there is none yet."""
    with at.folder("data") as data, suppress(ValueError):
        return int((data and data.text("PG_VERSION")) or "")
    return None


def postmaster(at: Directory) -> Postmaster | None:
    """The postmaster in ``postmaster.pid``; it may have ended without removing the file."""
    with at.folder("data") as data, suppress(ValueError):
        lines = [line.strip() for line in ((data and data.text("postmaster.pid")) or "").split("\n")]
        return Postmaster(pid=int(lines[0]), ready=lines[7:8] == ["ready"])
    return None


def socket_path(directory: Path) -> Path:
    """The unix socket of the server."""
    return directory / "data" / f".s.PGSQL.{PORT}"


def socket_fits(directory: Path) -> bool:
    """Whether the path of the socket of a server in ``directory`` is short enough for the system."""
    return len(os.fsencode(socket_path(directory))) <= SOCKET_PATH_LIMIT


def running(at: Directory) -> Postmaster | None:
    """The postmaster if it accepts connections. Takes about a millisecond and starts no process.

    Raises Conflict if another process listens on its socket: one of another user, or a server that was
    started in another container, where process ids refer to other processes.
    """
    current: Postmaster | None = None

    def settled() -> bool:
        nonlocal current
        # In this order, because a starting server writes postmaster.pid before it listens.
        listener = _listener(at)
        recorded = postmaster(at)
        current = recorded if listener else None
        return listener is None or (recorded is not None and _is_listener(recorded, listener, at))

    if not waiting.until(settled, seconds=_SETTLE_SECONDS, every=0.05):
        raise Conflict(
            f"the process that listens on the socket in {at.path}/data is not the one in postmaster.pid"
            f"{f', process {current.pid}' if current else ''}; nothing was stopped or changed",
            hint="stop a server where it was started: in its container, or on the host of this one",
        )
    return current if current and current.ready and _is_alive(current.pid) else None


def create(at: Directory, major: int, account: Account, *, durable: bool) -> None:
    """Create the data directory with initdb; ``data`` appears only when it is complete."""
    new = at.path / "data.new"
    clear_unfinished(at)
    at.create_folder(new.name, uid=account.uid, gid=account.gid)
    settings = _SETTINGS | ({} if durable else _NOT_DURABLE)
    command = [
        str(binaries.program(major, "initdb")),
        "-D",  # a separate argument, by which processes.using recognizes the initdb of a killed owner
        str(new),
        f"--username={SUPERUSER}",
        # Trust is enough, because only its owner and root can access the directory of the socket.
        "--auth-local=trust",
        "--auth-host=reject",
        "--encoding=UTF8",
        *_LOCALES[major],
        "--text-search-config=english",
        "--no-instructions",
        *([] if durable else ["--no-sync"]),
        *(f"--set={name}={value}" for name, value in settings.items()),
    ]
    result = subprocess.run(
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
    if result.returncode != 0:
        clear_unfinished(at)
        raise _failure("initdb failed", result.stderr or result.stdout, at.path)
    at.rename(new.name, "data")


def require_cluster(at: Directory) -> None:
    """Raise Invalid if ``data`` contains anything other than a PostgreSQL data directory."""
    if not holds_cluster(at):
        raise Invalid(f"{at.path / 'data'} is not a data directory of PostgreSQL; move it away")


def require_none(at: Directory) -> None:
    """Raise Invalid if ``data`` is not empty."""
    require_cluster(at)
    with at.folder("data") as data:
        if data and data.names():
            raise Invalid(f"{data.path}/PG_VERSION is damaged; delete the data with `chatctl local reset`")


def clear_unfinished(at: Directory) -> None:
    """Delete what a killed initdb or reset has left; such an initdb may still be running."""
    from chatctl.local.postgres import processes  # noqa: PLC0415 - see stop

    for name in _UNFINISHED:
        if at.status(name):
            processes.end(at.path / name)
            at.delete(name)


# The children of a killed postmaster use its shared memory until they end, and the postmaster is a zombie
# until its parent has waited for it.
_SIGNS_OF_A_KILLED_POSTMASTER = (
    "pre-existing shared memory block",
    'lock file "postmaster.pid" already exists',
)


def start(at: Directory, major: int, account: Account) -> None:
    """Start the postmaster, detached from this process and the terminal, and wait until it is ready.

    Raises Unavailable if that takes too long or the disk is full, ChatctlError with the end of the log if it
    does not start.
    """
    if _becomes_ready(at):
        return
    stop(at)
    _remove_stale_pid_file(at)
    if at.status(_LOG):
        at.rename(_LOG, f"{_LOG}.1")
    started = False

    def tried() -> bool:
        nonlocal started
        at.delete(_LOG)  # of the previous attempt
        # A postmaster that a killed chatctl started just before may have been faster.
        started = _launch(at, major, account) or _becomes_ready(at)
        return started or not any(sign in _log_text(at) for sign in _SIGNS_OF_A_KILLED_POSTMASTER)

    waiting.until(tried, seconds=10, every=0.1)
    if not started:
        raise _failure("the server failed to start", _log_text(at), at.path)


def stop(at: Directory) -> bool:
    """Stop the postmaster and roll back its sessions; returns whether there was one.

    Raises Conflict as ``running`` does, ChatctlError if even SIGKILL does not end it.
    """
    from chatctl.local.postgres import processes  # noqa: PLC0415 - imports psutil, which is not needed to check a server

    listens = running(at)
    # A postmaster that a killed chatctl started just before writes postmaster.pid soon.
    data = at.path / "data"
    waiting.until(lambda: bool(postmaster(at) or not processes.using(data)), seconds=_START_SECONDS)
    recorded = postmaster(at)
    if recorded is None:
        return False
    # If its directories cannot be read, as in some containers, its socket identifies it.
    process = processes.program(recorded.pid, at.path, known=listens == recorded)
    if process is None:
        return False
    processes.interrupt(process)  # fast shutdown: a last checkpoint, without waiting for clients
    if not waiting.until(lambda: not processes.exists(recorded.pid), seconds=_STOP_SECONDS):
        processes.end(at.path)
    return True


def delete(at: Directory) -> None:
    """Delete the data of a stopped server; the data directory disappears atomically."""
    from chatctl.local.postgres import processes  # noqa: PLC0415 - see stop

    require_cluster(at)
    clear_unfinished(at)
    if at.status("data"):
        processes.end(at.path / "data")
        at.rename("data", "data.old")
    clear_unfinished(at)


def _is_alive(pid: int) -> bool:
    # A new child of a killed postmaster may still hold the socket open for a moment.
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
    """The process that listens on the socket of the server; None if there is none."""
    if not socket_fits(at.path):
        return None
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        try:
            client.connect(os.fsencode(socket_path(at.path)))
        except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
            return None
        except (BlockingIOError, TimeoutError):
            return Listener()  # the queue of connections is full, so there is a listener
        if sys.platform != "linux":
            return Listener()
        credentials = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        pid, uid, _ = struct.unpack("3i", credentials)
        return Listener(pid, uid)


def _is_listener(recorded: Postmaster, listener: Listener, at: Directory) -> bool:
    if listener.pid is None:
        from chatctl.local.postgres import processes  # noqa: PLC0415 - see stop

        return processes.works_in(recorded.pid, at.path)
    data = at.status("data")
    return data is not None and (listener.pid, listener.uid) == (recorded.pid, data.st_uid)


def _becomes_ready(at: Directory) -> bool:
    # A killed chatctl may have left a postmaster that is starting or recovering; use that one.
    from chatctl.local.postgres import processes  # noqa: PLC0415 - see stop

    def settled() -> bool:
        recorded = postmaster(at)
        return recorded is None or recorded.ready or not processes.works_in(recorded.pid, at.path)

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
            start_new_session=True,  # so that Ctrl-C in the terminal does not stop it
            **account.arguments,
        )

    def settled() -> bool:
        return process.poll() is not None or postmaster(at) == Postmaster(process.pid, ready=True)

    if not waiting.until(settled, seconds=_START_SECONDS):
        log = at.path / _LOG
        raise Unavailable(f"the server in {at.path} is not ready after {_START_SECONDS} s; see {log}")
    started = process.returncode is None
    process.returncode = 0  # it keeps running after us; whatever stops it reaps it
    return started


def _remove_stale_pid_file(at: Directory) -> None:
    # After a crash, the process id of the dead postmaster may belong to another program, for which PostgreSQL
    # would wait forever. PostgreSQL itself removes the file of a dead process, with better checks than ours.
    from chatctl.local.postgres import processes  # noqa: PLC0415 - see stop

    recorded = postmaster(at)
    if (
        recorded is not None
        and processes.exists(recorded.pid)
        and not processes.works_in(recorded.pid, at.path)
    ):
        with at.folder("data") as data:
            if data:
                data.delete("postmaster.pid")
                data.delete(f".s.PGSQL.{PORT}.lock")


def _log_text(at: Directory) -> str:
    return at.text(_LOG) or ""


def _failure(what: str, output: str, directory: Path) -> ChatctlError:
    # On a full disk the log cannot be written, so an empty log proves nothing.
    full = shutil.disk_usage(directory).free < _FULL
    if full or "No space left on device" in output or "Disk quota exceeded" in output:
        return Unavailable(f"no space left on the disk of {directory}")
    tail = "\n".join(f"  {line}" for line in output.strip().splitlines()[-_LOG_LINES:])
    if "already in use" in output or "another server might be running" in output:
        return Conflict(f"{what} in {directory}: another server uses it\n{tail}")
    return ChatctlError(f"{what} in {directory}\n{tail}")
