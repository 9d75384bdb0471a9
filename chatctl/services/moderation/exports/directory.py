"""A directory that appears when it is complete, and that only its owner can read."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chatctl.errors import ChatctlError, Invalid, Unavailable


def require_new(path: Path) -> None:
    """Raise Invalid if ``path`` exists, or if no directory can be created there."""
    parent = path.absolute().parent
    if path.is_symlink() or path.exists():
        raise Invalid(f"--out {path} exists; an export is never merged with other files")
    if not parent.is_dir():
        raise Invalid(f"--out {path}: {path.parent} is not a directory")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise Invalid(f"--out {path} cannot be written: {os.strerror(errno.EACCES)}")


@contextmanager
def new_directory(path: Path) -> Iterator[Path]:
    """A temporary directory beside ``path``, which is renamed to it at the end, or removed after an error.

    Raises Invalid for a path that exists, Unavailable for a full disk.
    """
    require_new(path)
    try:
        unfinished = Path(tempfile.mkdtemp(dir=path.absolute().parent, prefix=f".{path.name[:100]}."))
        try:
            yield unfinished
            _sync(unfinished)
            require_new(path)
            unfinished.rename(path)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        kind: type[ChatctlError] = Unavailable if full else Invalid
        raise kind(f"--out {path} cannot be written: {error.strerror}") from None


def _sync(directory: Path) -> None:
    for folder, _, names in os.walk(directory):
        for name in [*names, "."]:
            descriptor = os.open(Path(folder) / name, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
