"""A directory or a file that appears when it is complete, and that only its owner can read."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from chatctl.errors import ChatctlError, Invalid, Unavailable


def require_new(path: Path, option: str) -> None:
    """Raise Invalid, naming the ``option``, if ``path`` exists, or if nothing can be created there."""
    parent = path.absolute().parent
    if path.is_symlink() or path.exists():
        raise Invalid(f"{option} {path} exists; an export never replaces or extends anything")
    if not parent.is_dir():
        raise Invalid(f"{option} {path}: {path.parent} is not a directory")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise _cannot_write(option, path, os.strerror(errno.EACCES))


def require_new_or_stream(path: Path, option: str) -> None:
    """The same for a file, which may also be an existing pipe or device."""
    if not _is_stream(path):
        require_new(path, option)


@contextmanager
def new_directory(path: Path, option: str) -> Iterator[Path]:
    """A temporary directory beside ``path``, which is renamed to it at the end, or removed after an error.

    Raises Invalid for a path that exists, Unavailable for a full disk.
    """
    with _errors(path, option):
        require_new(path, option)
        unfinished = Path(tempfile.mkdtemp(dir=path.absolute().parent, prefix=_prefix(path)))
        with _renamed(unfinished, path, option):
            yield unfinished


@contextmanager
def new_file(path: Path, option: str) -> Iterator[IO[str]]:
    """A temporary text file beside ``path``, as ``new_directory``; a pipe or a device is written as it is."""
    with _errors(path, option):
        if _is_stream(path):
            with path.open("w", encoding="utf-8") as stream:
                yield stream
            return
        require_new(path, option)
        descriptor, name = tempfile.mkstemp(dir=path.absolute().parent, prefix=_prefix(path))
        with _renamed(Path(name), path, option), os.fdopen(descriptor, "w", encoding="utf-8") as file:
            yield file


def _is_stream(path: Path) -> bool:
    return path.exists() and not path.is_file() and not path.is_dir()


def _prefix(path: Path) -> str:
    return f".{path.name[:100]}."


@contextmanager
def _renamed(unfinished: Path, path: Path, option: str) -> Iterator[None]:
    """Rename ``unfinished`` to ``path`` when the block has filled it, or remove it after an error."""
    try:
        yield
        _sync(unfinished)
        require_new(path, option)
        unfinished.rename(path)
    except BaseException:
        if unfinished.is_dir():
            shutil.rmtree(unfinished, ignore_errors=True)
        else:
            unfinished.unlink(missing_ok=True)
        raise


def _sync(unfinished: Path) -> None:
    folders = os.walk(unfinished)
    for path in [
        unfinished,
        *(Path(folder) / name for folder, _, names in folders for name in [*names, "."]),
    ]:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def _errors(path: Path, option: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise _cannot_write(option, path, error.strerror, Unavailable if full else Invalid) from None


def _cannot_write(
    option: str, path: Path, problem: str | None, kind: type[ChatctlError] = Invalid
) -> ChatctlError:
    return kind(f"{option} {path} cannot be written: {problem}")
