"""One data directory of PostgreSQL and its postmaster: made, started, asked and stopped.

A directory holds ``data/`` (PGDATA, with the socket in it), ``server.log`` of the last start and the one
before, ``lock`` and ``server.json``. Whoever changes it holds the lock; see ``server``.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from chatctl.errors import ChatctlError, Conflict, Invalid, Unavailable
from chatctl.local import binaries, waiting
from chatctl.local.account import Account

SUPERUSER = "supabase_admin"
PORT = 5432

_START_SECONDS = 60
_STOP_SECONDS = 60
_LOG_LINES = 8
# Half made by initdb, or half deleted by a reset: only a complete data directory is ever called data.
_UNFINISHED = ("data.new", "data.old")

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


def version(directory: Path) -> int | None:
    """The major version that made the data directory; None when there is none yet."""
    try:
        return int((directory / "data" / "PG_VERSION").read_text(encoding="ascii"))
    except FileNotFoundError:
        if (directory / "data").exists():
            raise Invalid(f"{directory / 'data'} is no data directory of PostgreSQL; move it away") from None
        return None


def postmaster(directory: Path) -> Postmaster | None:
    """The postmaster that the data directory names; it may have ended without saying so."""
    try:
        lines = (
            (directory / "data" / "postmaster.pid").read_text(encoding="utf-8", errors="replace").split("\n")
        )
        return Postmaster(pid=int(lines[0]), ready=len(lines) > 7 and lines[7].strip() == "ready")  # noqa: PLR2004 - its eighth line
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None


def answers(directory: Path) -> bool:
    """Whether a server listens on the socket: unlike a process id, that cannot be somebody else's."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        try:
            client.connect(str(directory / "data" / f".s.PGSQL.{PORT}"))
        except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
            return False
        except (BlockingIOError, TimeoutError):
            return True  # so many are waiting to get in that it must be there
    return True


def create(directory: Path, major: int, account: Account, *, durable: bool) -> None:
    """Make the data directory with initdb; it appears complete or not at all."""
    from chatctl.local import processes  # noqa: PLC0415 - psutil; a server that runs needs none of it

    new = directory / "data.new"
    processes.end(new)
    clear_unfinished(directory)
    new.mkdir(mode=0o700)
    if account.uid is not None:
        os.chown(new, account.uid, account.gid or 0)
    settings = _SETTINGS | ({} if durable else _NOT_DURABLE)
    command = [
        str(binaries.program(major, "initdb")),
        f"--pgdata={new}",
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
        cwd=directory,
        env=binaries.clean_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        **account.arguments,
    )
    if answer.returncode != 0:
        clear_unfinished(directory)
        raise _failure("initdb failed", answer.stderr or answer.stdout, directory)
    new.rename(directory / "data")


def clear_unfinished(directory: Path) -> None:
    """Delete what a killed initdb or reset has left."""
    for name in _UNFINISHED:
        if (directory / name).exists():
            shutil.rmtree(directory / name)


def start(directory: Path, major: int, account: Account) -> None:
    """Have the postmaster ready, detached from us and from the terminal.

    Raises Unavailable when that takes too long or the disk is full, ChatctlError with the end of the log
    when it does not start.
    """
    if _joined(directory):
        return
    stop(directory)
    _forget_stranger(directory)
    process = _launch(directory, major, account)
    # The children of a killed postmaster take a moment to notice; until then its memory is in use.
    while process.returncode is not None and "pre-existing shared memory block" in _log_text(directory)

    waiting.until(started, seconds=10, every=0.1)
    if process.returncode is not None:
        raise _failure("the server does not start", _tail(directory), directory)
    process.returncode = 0  # it outlives us: whoever stops it reaps it


def stop(directory: Path) -> bool:
    """Stop the postmaster, its sessions rolled back; whether there was one.

    Raises ChatctlError when even SIGKILL does not end it.
    """
    from chatctl.local import processes  # noqa: PLC0415 - psutil; asking a server that runs does without

    named = postmaster(directory)
    if named is None or not processes.works_in(named.pid, directory):
        return False
    with suppress(ProcessLookupError):
        os.kill(named.pid, signal.SIGINT)  # "fast": a last checkpoint, but no waiting for clients
    if not waiting.until(lambda: not processes.works_in(named.pid, directory), seconds=_STOP_SECONDS):
        processes.end(directory)
    return True


def delete(directory: Path) -> None:
    """Delete the data of a stopped server: all of it at once, as others see it."""
    clear_unfinished(directory)
    with suppress(FileNotFoundError):
        (directory / "data").rename(directory / "data.old")
    clear_unfinished(directory)


def _launch(directory: Path, major: int, account: Account) -> subprocess.Popen[bytes]:
    log = _log(directory)
    with suppress(FileNotFoundError):
        log.rename(log.with_suffix(".log.1"))
    with log.open("xb") as output:
        return subprocess.Popen(
            [binaries.program(major, "postgres"), "-D", directory / "data"],
            cwd=directory,
            env=binaries.clean_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **account.arguments,
        )


def _forget_stranger(directory: Path) -> None:
    # After a crash the process id of the dead postmaster may belong to another program, for which
    # PostgreSQL would wait for ever. A dead id it clears up itself, with better checks than ours.
    from chatctl.local import processes  # noqa: PLC0415 - see create

    named = postmaster(directory)
    if named is not None and processes.exists(named.pid) and not processes.works_in(named.pid, directory):
        for name in ("postmaster.pid", f".s.PGSQL.{PORT}.lock"):
            (directory / "data" / name).unlink(missing_ok=True)


def _log(directory: Path) -> Path:
    return directory / "server.log"


def _tail(directory: Path) -> str:
    return _log(directory).read_text(encoding="utf-8", errors="replace")


def _failure(what: str, output: str, directory: Path) -> ChatctlError:
    if "No space left on device" in output or "Disk quota exceeded" in output:
        return Unavailable(f"no space left on the disk of {directory}")
    tail = "\n".join(f"  {line}" for line in output.strip().splitlines()[-_LOG_LINES:])
    if "already in use" in output or "another server might be running" in output:
        return Conflict(f"{what} in {directory}: another server uses it\n{tail}")
    return ChatctlError(f"{what} in {directory}\n{tail}")
