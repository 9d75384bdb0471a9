"""Files that options name; those that a command writes are checked before the work, and written after it."""

from __future__ import annotations

import errno
import os
import secrets
from pathlib import Path

import typer

from chatctl.errors import ChatctlError, Invalid, Unavailable


def path(text: str) -> Path:
    """The path in an option; an empty one would be the working directory."""
    if not text:
        raise typer.BadParameter("the name is empty")
    return Path(text)


def require_writable(path: Path, option: str) -> None:
    """Raise Invalid, naming the ``option``, if ``path`` cannot be written; does not change the file."""
    if not path.absolute().parent.is_dir():
        raise Invalid(f"{option} {path}: {path.parent} is not a directory")
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if path.is_file():
            path.open("ab").close()
        elif not path.exists():
            path.touch(exist_ok=False)
            path.unlink()
        elif not os.access(path, os.W_OK):  # a pipe or a device
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise cannot_write(f"{option} {path}", error) from None


def require_new(path: Path, option: str) -> None:
    """Raise Invalid, naming the ``option``, if ``path`` exists or cannot be created."""
    if path.is_symlink() or path.exists():
        raise Invalid(f"{option} {path} exists; nothing is overwritten")
    require_writable(path, option)


def make_directory(path: Path, option: str) -> None:
    """Create ``path`` and its parents. Raises Invalid, naming the ``option``, if that fails."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise Invalid(f"{option} {path} is not a directory") from None
    except OSError as error:
        raise cannot_write(f"{option} {path}", error) from None


def write(path: Path, text: str) -> None:
    """Write ``text`` as UTF-8; surrogates are escaped. Raises the errors of ``cannot_write``."""
    try:
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise cannot_write(str(path), error) from None


def create(path: Path, text: str) -> None:
    """Create a file; it appears when it is complete, and does not exist after an error.

    Raises the errors of ``cannot_write``, also if the path already exists, even as a link to nowhere.
    """
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        try:
            with unfinished.open("x", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            if path.is_symlink() or path.exists():
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
            unfinished.rename(path)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(str(path), error) from None


def cannot_write(what: str, error: OSError, *, hint: str | None = None) -> ChatctlError:
    """The error for a failed write: Unavailable for a full disk, else Invalid."""
    kind = Unavailable if error.errno in (errno.ENOSPC, errno.EDQUOT) else Invalid
    return kind(f"{what} cannot be written: {error.strerror}", hint=hint)
