"""File locks, which the operating system releases when the process ends."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chatctl import waiting
from chatctl.errors import Conflict, Invalid


@contextmanager
def held(path: Path, *, seconds: float, busy: str, dir_fd: int | None = None) -> Iterator[None]:
    """Hold the lock of ``path`` during the block. Raises Conflict(``busy``) if that takes over ``seconds``.

    With ``dir_fd``, the lock is the file with the name of ``path`` in this open directory.
    """
    file = _open(path, dir_fd)
    try:
        if not waiting.until(lambda: _try(file), seconds=seconds):
            raise Conflict(busy)
        yield
    finally:
        os.close(file)


def take(path: Path, *, dir_fd: int | None = None) -> int | None:
    """A descriptor that holds the lock of ``path`` until it is closed; None if another process holds it."""
    file = _open(path, dir_fd)
    if _try(file):
        return file
    os.close(file)
    return None


def _open(path: Path, dir_fd: int | None) -> int:
    # Python opens files as not inheritable, so a program that we start does not keep the lock.
    # Read-only, so that the directory's owner can also use a file created by root.
    flags = os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        file = os.open(path if dir_fd is None else path.name, flags, 0o644, dir_fd=dir_fd)
    except OSError as error:
        error.filename = str(path)
        raise
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise Invalid(f"{path} is not a file, so it cannot be locked; move it away")
    return file


def _try(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
