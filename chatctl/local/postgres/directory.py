"""The directory of an embedded server, held open, and how we know that it is ours.

Nothing is changed in a directory that lacks ``MADE_BY_CHATCTL`` and may be somebody else's. What is done in
one is done relative to an open descriptor and follows no link: whoever can write to one of its parents, as a
user can where root works in the user's directory, cannot lead an act elsewhere after the look before it.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from chatctl.errors import Invalid, NotAllowed

MARK = "MADE_BY_CHATCTL"
_IGNORED = ".gitignore"
_MARK_TEXT = "An embedded PostgreSQL server of chatctl: `chatctl local reset` deletes data/ here.\n"

# All that we make in one. ``owner`` is of throwaway servers.
_FOLDERS = frozenset({"data", "data.new", "data.old"})
_FILES = frozenset(
    {MARK, _IGNORED, "lock", "owner", "server.json", "server.json.new", "server.log", "server.log.1"}
)

_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


@dataclass(frozen=True)
class Directory:
    """A directory that is held open; ``path`` is for messages and for the programs that we start."""

    path: Path
    fd: int

    def names(self) -> set[str]:
        """The names of all that is in it."""
        return set(os.listdir(self.fd))  # noqa: PTH208 - pathlib knows no descriptors

    def status(self, name: str) -> os.stat_result | None:
        """What ``lstat`` says of an entry; None when it is not there."""
        with suppress(FileNotFoundError), self._placing(name):
            return os.stat(name, dir_fd=self.fd, follow_symlinks=False)
        return None

    def folder(self, name: str) -> AbstractContextManager[Directory | None]:
        """The directory ``name`` in it, held open; None when it is not there."""
        return hold(self.path / name, dir_fd=self.fd)

    def text(self, name: str) -> str | None:
        """The text of a file; None when it is not there. Raises Invalid for what is no file."""
        found = self.status(name)
        if found is None:
            return None
        if not stat.S_ISREG(found.st_mode):
            raise self._unexpected(name, "file")
        try:
            with self._placing(name):
                # Should it have become a pipe by now, then without waiting for who writes to it.
                fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=self.fd)
        except FileNotFoundError:
            return None
        with os.fdopen(fd, encoding="utf-8", errors="replace") as file:
            return file.read()

    def write(self, name: str, text: str) -> None:
        """Write a file: all of it at once, as others see it."""
        new = f"{name}.new"
        self.delete(new)
        with self.create(new) as file:
            file.write(text.encode())
        self.rename(new, name)

    def create(self, name: str) -> BinaryIO:
        """A new file, for writing. Raises FileExistsError when something has that name."""
        with self._placing(name):
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            return os.fdopen(os.open(name, flags, 0o644, dir_fd=self.fd), "wb")

    def create_folder(self, name: str, *, uid: int | None, gid: int | None) -> None:
        """A new directory that only its owner can enter: ``uid``, or None for ourselves."""
        with self._placing(name):
            os.mkdir(name, 0o700, dir_fd=self.fd)
        with self.folder(name) as made:
            if made and uid is not None and gid is not None:
                os.fchown(made.fd, uid, gid)

    def rename(self, old: str, new: str) -> None:
        """Rename an entry within this directory."""
        with self._placing(old):
            os.rename(old, new, src_dir_fd=self.fd, dst_dir_fd=self.fd)

    def delete(self, name: str) -> None:
        """Delete an entry with all that is in it, if it is there."""
        found = self.status(name)
        if found is None:
            return
        with self._placing(name):
            if stat.S_ISDIR(found.st_mode):
                shutil.rmtree(name, dir_fd=self.fd)
            else:
                os.unlink(name, dir_fd=self.fd)

    def mark(self) -> None:
        """Note in it that it is ours, and keep it out of git."""
        for name, text in ((MARK, _MARK_TEXT), (_IGNORED, "*\n")):
            with suppress(FileExistsError), self.create(name) as file:
                file.write(text.encode())

    def check(self) -> None:
        """Raise Invalid when a name of ours is a link, a pipe or otherwise nothing that we make."""
        for name in sorted(self.names() & (_FOLDERS | _FILES)):
            found = self.status(name)
            if found is None:
                continue
            if name in _FOLDERS and not stat.S_ISDIR(found.st_mode):
                raise self._unexpected(name, "directory")
            if name in _FILES and not stat.S_ISREG(found.st_mode):
                raise self._unexpected(name, "file")
            if name in _FOLDERS and os.geteuid() not in (0, found.st_uid):
                raise NotAllowed(f"{self.path / name} belongs to another system user; move it away")

    @contextmanager
    def _placing(self, name: str) -> Iterator[None]:
        # Relative to a descriptor, the error knows the name alone.
        try:
            yield
        except OSError as error:
            error.filename = str(self.path / name)
            raise

    def _unexpected(self, name: str, kind: str) -> Invalid:
        return Invalid(f"{self.path / name} is not a {kind} of the embedded server; move it away")


@contextmanager
def hold(path: Path, *, dir_fd: int | None = None) -> Iterator[Directory | None]:
    """The directory ``path``, which is no link, held open; None when it is not there.

    With ``dir_fd`` it is the one of that name in this open directory.
    """
    fd = None
    try:
        fd = os.open(path if dir_fd is None else path.name, _FOLDER_FLAGS, dir_fd=dir_fd)
    except OSError as error:
        if error.errno != errno.ENOENT:
            error.filename = str(path)
            raise
    try:
        yield None if fd is None else Directory(path, fd)
    finally:
        if fd is not None:
            os.close(fd)


@contextmanager
def opened(path: Path) -> Iterator[Directory | None]:
    """The directory of a server at ``path``; None when nothing is there.

    Raises Invalid for one that is not ours, or that is led to by somebody else's link.
    """
    link = path.lstat() if path.is_symlink() else None
    with hold(Path(os.path.realpath(path))) as at:
        if at is not None:
            lured = link and link.st_uid not in (0, os.geteuid(), os.fstat(at.fd).st_uid)
            known = MARK in at.names() or (_of_an_older_chatctl(at) if link else _may_be_ours(at))
            if lured or not known:
                raise _not_ours(path)
            at.check()
        elif link:
            raise _not_ours(path)
        yield at


@contextmanager
def found(path: Path) -> Iterator[Directory | None]:
    """The same for who only looks: None, too, for a directory in which no server of ours can be."""
    with ExitStack() as stack:
        at = None
        with suppress(Invalid, NotAllowed):
            at = stack.enter_context(opened(path))
        yield at


def holds_cluster(at: Directory) -> bool:
    """Whether ``data`` is a data directory of PostgreSQL, or not there or empty: nobody's files are in it."""
    with at.folder("data") as data:
        return data is None or not data.names() or data.status("PG_VERSION") is not None


def _may_be_ours(at: Directory) -> bool:
    """Whether there is nothing in it but what we make, as a killed chatctl or one without marks leaves it."""
    names = at.names()
    if not names:
        return True
    with suppress(NotADirectoryError):
        return names <= _FOLDERS | _FILES and bool(names & {"lock", "data"}) and holds_cluster(at)
    return False


def _of_an_older_chatctl(at: Directory) -> bool:
    """Whether it is what a chatctl without marks left of a server that it had started."""
    try:
        noted = json.loads(at.text("server.json") or "")
        version = str(noted["version"]).partition(".")[0]
    except (ValueError, TypeError, KeyError):
        return False
    with suppress(NotADirectoryError), at.folder("data") as data:
        return data is not None and (data.text("PG_VERSION") or "").strip() == version
    return False


def _not_ours(path: Path) -> Invalid:
    named = f"{path}, a link to {os.path.realpath(path)}," if path.is_symlink() else str(path)
    return Invalid(
        f"{named} was not created by chatctl; nothing in it was changed",
        hint=f"move {path.name} away, or work in another directory",
    )
