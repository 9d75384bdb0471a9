"""The processes that PostgreSQL runs for one directory."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

import psutil

from chatctl.errors import ChatctlError

_PROGRAMS = ("postgres", "initdb")
_PATIENCE = 5  # seconds between asking and killing


def works_in(pid: int, directory: Path) -> bool:
    """Whether process ``pid`` lives and is a program of PostgreSQL that works in ``directory``."""
    return program(pid, directory) is not None


def program(pid: int, directory: Path, *, known: bool = False) -> psutil.Process | None:
    """Process ``pid`` if it is a program of PostgreSQL that works in ``directory``.

    ``known``: somebody else has made sure of the directory, which is not looked at then.
    """
    with suppress(psutil.Error, FileNotFoundError):
        process = psutil.Process(pid)
        # PostgreSQL insists on running as the owner of its data.
        owner = (directory / "data").lstat().st_uid
        if _is_program(process) and process.uids().real == owner:
            return process if known or _works_in(process, directory) else None
    return None


def exists(pid: int) -> bool:
    """Whether a process ``pid`` lives, whatever it is."""
    _reap(pid)
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def interrupt(process: psutil.Process) -> None:
    """Ask a postmaster to end now. Another process that got its id meanwhile is not asked."""
    with suppress(psutil.NoSuchProcess):
        process.send_signal(signal.SIGINT)


def end(directory: Path) -> None:
    """End every program of PostgreSQL that works in ``directory``, without a last checkpoint.

    Raises ChatctlError when one of them survives even SIGKILL.
    """
    # Asked once, then killed; a round may find a child that did not exist yet in the one before.
    for number in (signal.SIGQUIT, *[signal.SIGKILL] * 10):
        left = found(directory)
        if not left:
            return
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)
        psutil.wait_procs(left, timeout=_PATIENCE)
    raise ChatctlError(f"the server in {directory} cannot be stopped: {left}")


def found(directory: Path) -> list[psutil.Process]:
    """The programs of PostgreSQL that work in ``directory``, and what they have started."""
    those: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if _is_program(process) and _works_in(process, directory):
                those |= {each.pid: each for each in [process, *process.children(recursive=True)]}
    return list(those.values())


def _is_program(process: psutil.Process) -> bool:
    lives = process.status() != psutil.STATUS_ZOMBIE
    return lives and process.name() in _PROGRAMS and _sees_our_files(process)


def _works_in(process: psutil.Process, directory: Path) -> bool:
    # Backends rewrite their command line but stay in the data directory; where the working directory
    # may not be read (a container's root without SYS_PTRACE), the command line of their parent counts.
    places = list(process.cmdline())
    with suppress(psutil.AccessDenied):
        places.append(process.cwd())
    return any(place == str(directory) or place.startswith(f"{directory}/") for place in places)


def _sees_our_files(process: psutil.Process) -> bool:
    # In a container the same path is another directory.
    try:
        return Path(f"/proc/{process.pid}/root").samefile("/")
    except OSError:
        return True  # another system than Linux, or not ours to look at


def _reap(pid: int) -> None:
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
