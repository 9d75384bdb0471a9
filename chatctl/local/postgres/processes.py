"""The processes that PostgreSQL runs for one directory."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

import psutil

from chatctl.errors import ChatctlError

_PROGRAMS = ("postgres", "initdb")
_PATIENCE = 5  # seconds between SIGQUIT and SIGKILL


def works_in(pid: int, directory: Path) -> bool:
    """Whether process ``pid`` is running and is a PostgreSQL program that uses ``directory``."""
    return program(pid, directory) is not None


def program(pid: int, directory: Path, *, known: bool = False) -> psutil.Process | None:
    """Process ``pid`` if it is a PostgreSQL program that uses ``directory``.

    ``known``: the caller has verified the directory, so it is not checked.
    """
    with suppress(psutil.Error, FileNotFoundError):
        process = psutil.Process(pid)
        # PostgreSQL always runs as the owner of its data.
        owner = (directory / "data").lstat().st_uid
        if _is_program(process) and process.uids().real == owner:
            return process if known or _works_in(process, directory) else None
    return None


def exists(pid: int) -> bool:
    """Whether any process with the id ``pid`` is running."""
    _reap(pid)
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def interrupt(process: psutil.Process) -> None:
    """Send SIGINT to a postmaster, but not to a process that has reused its id."""
    with suppress(psutil.NoSuchProcess):
        process.send_signal(signal.SIGINT)


def end(directory: Path) -> None:
    """Stop all PostgreSQL programs that use ``directory``, without a last checkpoint.

    Raises ChatctlError if one of them survives even SIGKILL.
    """
    # First SIGQUIT, then SIGKILL, repeatedly: a round may find a child that did not exist before.
    for number in (signal.SIGQUIT, *[signal.SIGKILL] * 10):
        remaining = using(directory)
        if not remaining:
            return
        for process in remaining:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)
        psutil.wait_procs(remaining, timeout=_PATIENCE)
    raise ChatctlError(f"the server in {directory} cannot be stopped: {remaining}")


def using(directory: Path) -> list[psutil.Process]:
    """The PostgreSQL programs that use ``directory``, and their child processes."""
    processes: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if _is_program(process) and _works_in(process, directory):
                processes |= {each.pid: each for each in [process, *process.children(recursive=True)]}
    return list(processes.values())


def _is_program(process: psutil.Process) -> bool:
    lives = process.status() != psutil.STATUS_ZOMBIE
    return lives and process.name() in _PROGRAMS and _sees_our_files(process)


def _works_in(process: psutil.Process, directory: Path) -> bool:
    # Backends overwrite their command line but stay in the data directory. If the working directory cannot
    # be read (as root of a container without SYS_PTRACE), they are found as children of the postmaster.
    places = list(process.cmdline())
    with suppress(psutil.AccessDenied):
        places.append(process.cwd())
    return any(place == str(directory) or place.startswith(f"{directory}/") for place in places)


def _sees_our_files(process: psutil.Process) -> bool:
    # In a container, the same path refers to another directory.
    try:
        return Path(f"/proc/{process.pid}/root").samefile("/")
    except OSError:
        return True  # not Linux, or no permission to read it


def _reap(pid: int) -> None:
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
