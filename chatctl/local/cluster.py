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
_FULL = 100_000  # bytes left
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
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None


def postmaster(directory: Path) -> Postmaster | None:
    """The postmaster that the data directory names; it may have ended without saying so."""
    try:
        text = (directory / "data" / "postmaster.pid").read_text(encoding="utf-8", errors="replace")
        lines = [line.strip() for line in text.split("\n")]
        return Postmaster(pid=int(lines[0]), ready=lines[7:8] == ["ready"])
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None


def socket_path(directory: Path) -> Path:
    """The unix socket of the server."""
    return directory / "data" / f".s.PGSQL.{PORT}"


def running(directory: Path) -> Postmaster | None:
    """The postmaster when it takes connections; found out without starting anything, in a millisecond."""
    named = postmaster(directory)
    return named if named and named.ready and _lives(named.pid) and _answers(directory) else None


def create(directory: Path, major: int, account: Account, *, durable: bool) -> None:
    """Make the data directory with initdb; it appears complete or not at all."""
    from chatctl.local import processes  # noqa: PLC0415 - see stop

    new = directory / "data.new"
    data = directory / "data"
    if data.exists() and any(data.iterdir()):
        raise Invalid(f"{data} is no data directory of PostgreSQL; delete it with `chatctl local reset`")
    processes.end(new)
    clear_unfinished(directory)
    new.mkdir(mode=0o700)
    if account.uid is not None:
        os.chown(new, account.uid, account.gid or 0)
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
    new.rename(data)


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
    if _on_its_way(directory):
        return
    stop(directory)
    _forget_stranger(directory)
    started = False

    def tried() -> bool:
        nonlocal started
        started = _launch(directory, major, account)
        # The children of a killed postmaster take a moment to notice; until then its memory is in use.
        return started or "pre-existing shared memory block" not in _log_text(directory)

    waiting.until(tried, seconds=10, every=0.1)
    if not started:
        raise _failure("the server does not start", _log_text(directory), directory)


def stop(directory: Path) -> bool:
    """Stop the postmaster, its sessions rolled back; whether there was one.

    Raises ChatctlError when even SIGKILL does not end it.
    """
    from chatctl.local import processes  # noqa: PLC0415 - psutil; asking a server that runs does without

    named = postmaster(directory)
    # A directory that was moved meanwhile is in no command line, but its socket answers.
    if named is None or not (processes.works_in(named.pid, directory) or running(directory)):
        return False
    with suppress(ProcessLookupError):
        os.kill(named.pid, signal.SIGINT)  # "fast": a last checkpoint, but no waiting for clients
    if not waiting.until(lambda: not processes.exists(named.pid), seconds=_STOP_SECONDS):
        processes.end(directory)
    return True


def delete(directory: Path) -> None:
    """Delete the data of a stopped server: all of it at once, as others see it."""
    clear_unfinished(directory)
    with suppress(FileNotFoundError):
        (directory / "data").rename(directory / "data.old")
    clear_unfinished(directory)


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


def _answers(directory: Path) -> bool:
    # A process id may belong to somebody else by now; who listens on this socket is ours.
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        try:
            client.connect(os.fsencode(socket_path(directory)))
        except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
            return False
        except (BlockingIOError, TimeoutError):
            return True  # so many are waiting to get in that it must be there
    return True


def _on_its_way(directory: Path) -> bool:
    # A chatctl that was killed may have left a postmaster that starts or recovers: it is as good as ours.
    from chatctl.local import processes  # noqa: PLC0415 - see stop

    def settled() -> bool:
        named = postmaster(directory)
        return named is None or named.ready or not processes.works_in(named.pid, directory)

    return waiting.until(settled, seconds=_START_SECONDS) and running(directory) is not None


def _launch(directory: Path, major: int, account: Account) -> bool:
    log = _log(directory)
    with suppress(FileNotFoundError):
        log.rename(log.with_suffix(".log.1"))
    with log.open("xb") as output:
        process = subprocess.Popen(
            [binaries.program(major, "postgres"), "-D", directory / "data"],
            cwd=directory,
            env=binaries.clean_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C in the terminal is not for it
            **account.arguments,
        )

    def settled() -> bool:
        return process.poll() is not None or postmaster(directory) == Postmaster(process.pid, ready=True)

    if not waiting.until(settled, seconds=_START_SECONDS):
        raise Unavailable(f"the server in {directory} is not ready after {_START_SECONDS} s; see {log}")
    started = process.returncode is None
    process.returncode = 0  # it outlives us; whoever stops it reaps it
    return started


def _forget_stranger(directory: Path) -> None:
    # After a crash the process id of the dead postmaster may belong to another program, for which
    # PostgreSQL would wait for ever. A dead id it clears up itself, with better checks than ours.
    from chatctl.local import processes  # noqa: PLC0415 - see stop

    named = postmaster(directory)
    if named is not None and processes.exists(named.pid) and not processes.works_in(named.pid, directory):
        for name in ("postmaster.pid", f".s.PGSQL.{PORT}.lock"):
            (directory / "data" / name).unlink(missing_ok=True)


def _log(directory: Path) -> Path:
    return directory / "server.log"


def _log_text(directory: Path) -> str:
    return _log(directory).read_text(encoding="utf-8", errors="replace")


def _failure(what: str, output: str, directory: Path) -> ChatctlError:
    # A full disk takes no log either, so an empty one proves nothing.
    full = shutil.disk_usage(directory).free < _FULL
    if full or "No space left on device" in output or "Disk quota exceeded" in output:
        return Unavailable(f"no space left on the disk of {directory}")
    tail = "\n".join(f"  {line}" for line in output.strip().splitlines()[-_LOG_LINES:])
    if "already in use" in output or "another server might be running" in output:
        return Conflict(f"{what} in {directory}: another server uses it\n{tail}")
    return ChatctlError(f"{what} in {directory}\n{tail}")
