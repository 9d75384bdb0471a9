"""Locks that end with the process that holds them, however it ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chatctl.errors import Conflict
from chatctl.local import waiting


@contextmanager
def held(path: Path, *, seconds: float, busy: str) -> Iterator[None]:
    """Hold the lock of ``path`` during the block; raises Conflict(``busy``) when it is not free in time."""
    file = _open(path)
    try:
        if not waiting.until(lambda: _try(file), seconds=seconds):
            raise Conflict(busy)
        yield
    finally:
        os.close(file)


def take(path: Path) -> int | None:
    """A descriptor that holds the lock of ``path`` until it is closed; None when somebody else holds it."""
    file = _open(path)
    if _try(file):
        return file
    os.close(file)
    return None


def _open(path: Path) -> int:
    # Python opens without inheritance: a program that we start does not keep the lock.
    # Read-only, so that a file made by root serves the directory's owner too.
    return os.open(path, os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW, 0o644)


def _try(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
