"""The directory of an embedded server, held open, and the checks that chatctl created it.

Nothing is changed in a directory without ``MADE_BY_CHATCTL`` that may belong to somebody else. All operations
are relative to an open file descriptor and follow no links. A user who can write to a parent directory, for
example if root works in the user's directory, can therefore not redirect an operation after its check.
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

# Everything that chatctl creates in one. ``owner`` is for throwaway servers.
_FOLDERS = frozenset({"data", "data.new", "data.old"})
_FILES = frozenset(
    {MARK, _IGNORED, "lock", "owner", "server.json", "server.json.new", "server.log", "server.log.1"}
)

_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


@dataclass(frozen=True)
class Directory:
    """An open directory; ``path`` is for messages and for the programs that we start."""

    path: Path
    fd: int

    def names(self) -> set[str]:
        """The names of all its entries."""
        return set(os.listdir(self.fd))  # noqa: PTH208 - pathlib does not support descriptors

    def status(self, name: str) -> os.stat_result | None:
        """The result of ``lstat`` for an entry; None if it does not exist."""
        with suppress(FileNotFoundError), self._full_path_in_errors(name):
            return os.stat(name, dir_fd=self.fd, follow_symlinks=False)
        return None

    def folder(self, name: str) -> AbstractContextManager[Directory | None]:
        """The subdirectory ``name``, held open; None if it does not exist."""
        return hold(self.path / name, dir_fd=self.fd)

    def text(self, name: str) -> str | None:
        """The text of a file; None if it does not exist. Raises Invalid if it is not a regular file."""
        status = self.status(name)
        if status is None:
            return None
        if not stat.S_ISREG(status.st_mode):
            raise self._unexpected(name, "file")
        try:
            with self._full_path_in_errors(name):
                # If it was replaced by a pipe in the meantime, do not wait for a writer.
                fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=self.fd)
        except FileNotFoundError:
            return None
        with os.fdopen(fd, encoding="utf-8", errors="replace") as file:
            return file.read()

    def write(self, name: str, text: str) -> None:
        """Write a file atomically."""
        new = f"{name}.new"
        self.delete(new)
        with self.create(new) as file:
            file.write(text.encode())
        self.rename(new, name)

    def create(self, name: str) -> BinaryIO:
        """Create a file and open it for writing. Raises FileExistsError if the name exists."""
        with self._full_path_in_errors(name):
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            return os.fdopen(os.open(name, flags, 0o644, dir_fd=self.fd), "wb")

    def create_folder(self, name: str, *, uid: int | None, gid: int | None) -> None:
        """Create a directory that only its owner ``uid`` can access; None means the current user."""
        with self._full_path_in_errors(name):
            os.mkdir(name, 0o700, dir_fd=self.fd)
        with self.folder(name) as folder:
            if folder and uid is not None and gid is not None:
                os.fchown(folder.fd, uid, gid)

    def rename(self, old: str, new: str) -> None:
        """Rename an entry within this directory."""
        with self._full_path_in_errors(old):
            os.rename(old, new, src_dir_fd=self.fd, dst_dir_fd=self.fd)

    def delete(self, name: str) -> None:
        """Delete an entry and its content, if it exists."""
        status = self.status(name)
        if status is None:
            return
        with self._full_path_in_errors(name):
            if stat.S_ISDIR(status.st_mode):
                shutil.rmtree(name, dir_fd=self.fd)
            else:
                os.unlink(name, dir_fd=self.fd)

    def mark(self) -> None:
        """Mark the directory as created by chatctl, and make git ignore it."""
        for name, text in ((MARK, _MARK_TEXT), (_IGNORED, "*\n")):
            with suppress(FileExistsError), self.create(name) as file:
                file.write(text.encode())

    def check(self) -> None:
        """Raise Invalid if one of our names is a link, a pipe or anything else that we do not create."""
        for name in sorted(self.names() & (_FOLDERS | _FILES)):
            status = self.status(name)
            if status is None:
                continue
            if name in _FOLDERS and not stat.S_ISDIR(status.st_mode):
                raise self._unexpected(name, "directory")
            if name in _FILES and not stat.S_ISREG(status.st_mode):
                raise self._unexpected(name, "file")
            if name in _FOLDERS and os.geteuid() not in (0, status.st_uid):
                raise NotAllowed(f"{self.path / name} belongs to another system user; move it away")

    @contextmanager
    def _full_path_in_errors(self, name: str) -> Iterator[None]:
        # With a descriptor, the error contains only the name.
        try:
            yield
        except OSError as error:
            error.filename = str(self.path / name)
            raise

    def _unexpected(self, name: str, kind: str) -> Invalid:
        return Invalid(f"{self.path / name} is not a {kind} of the embedded server; move it away")


@contextmanager
def hold(path: Path, *, dir_fd: int | None = None) -> Iterator[Directory | None]:
    """The directory ``path``, which must not be a link, held open; None if it does not exist.

    With ``dir_fd``, ``path`` is relative to this open directory.
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
    """The directory of a server at ``path``; None if it does not exist.

    Raises Invalid if chatctl did not create it, or if its path contains a link of another user.
    """
    link = path.lstat() if path.is_symlink() else None
    with hold(Path(os.path.realpath(path))) as at:
        if at is not None:
            redirected = link and link.st_uid not in (0, os.geteuid(), os.fstat(at.fd).st_uid)
            known = MARK in at.names() or (_of_an_older_chatctl(at) if link else _may_be_ours(at))
            if redirected or not known:
                raise _not_ours(path)
            at.check()
        elif link:
            raise _not_ours(path)
        yield at


@contextmanager
def opened_if_ours(path: Path) -> Iterator[Directory | None]:
    """Like ``opened``, for reading only; also None for a directory that cannot contain our server."""
    with ExitStack() as stack:
        at = None
        with suppress(Invalid, NotAllowed):
            at = stack.enter_context(opened(path))
        yield at


def holds_cluster(at: Directory) -> bool:
    """Whether ``data`` is a PostgreSQL data directory, empty or missing, so that it has no other files."""
    with at.folder("data") as data:
        return data is None or not data.names() or data.status("PG_VERSION") is not None


def _may_be_ours(at: Directory) -> bool:
    """Whether all entries are of our kinds, as left by a killed chatctl or a version without marks."""
    names = at.names()
    if not names:
        return True
    with suppress(NotADirectoryError):
        return names <= _FOLDERS | _FILES and bool(names & {"lock", "data"}) and holds_cluster(at)
    return False


def _of_an_older_chatctl(at: Directory) -> bool:
    """Whether a chatctl version without marks left it after it had started a server."""
    try:
        state = json.loads(at.text("server.json") or "")
        version = str(state["version"]).partition(".")[0]
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
