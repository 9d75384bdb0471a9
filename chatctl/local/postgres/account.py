"""The system user of the embedded server: the current user, or ``pgserver`` if that is root."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatctl import waiting
from chatctl.errors import ChatctlError, Invalid, NotAllowed
from chatctl.local.postgres.directory import Directory

NAME = "pgserver"

# With O_PATH, if the system has it, opening a directory does not require read permission.
_WALK = os.O_DIRECTORY | os.O_NOFOLLOW | getattr(os, "O_PATH", os.O_RDONLY)


@dataclass(frozen=True)
class Account:
    """A system user by user id; None means the current user."""

    uid: int | None = None
    gid: int | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments of ``subprocess`` to run a program as this user."""
        return {} if self.uid is None else {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can_enter(self, status: os.stat_result) -> bool:
        """Whether this user has search permission on a directory with that status."""
        if status.st_uid == self.uid:
            return bool(status.st_mode & stat.S_IXUSR)
        if status.st_gid == self.gid:
            return bool(status.st_mode & stat.S_IXGRP)
        return bool(status.st_mode & stat.S_IXOTH)


def for_directory(at: Directory | None) -> Account:
    """The user that runs the server of a directory; ``at`` is None for a directory that does not exist yet.

    PostgreSQL refuses to run as root. Root therefore runs a server as the owner of its files, so that they
    can still use it after ``sudo``, or as the system user ``pgserver`` if root owns the files.
    """
    if os.geteuid() != 0:
        return Account()
    for status in (at.status("data"), os.fstat(at.fd)) if at else ():
        if status and status.st_uid != 0:
            return Account(status.st_uid, status.st_gid)
    return _pgserver()


def close_to_others(at: Directory, account: Account) -> None:
    """Restrict a directory to its owner and, if we are root, search permission for ``account``.

    Raises NotAllowed for a directory of another user, Invalid if the file system has no file modes.
    """
    owner = os.fstat(at.fd).st_uid
    if os.geteuid() not in (0, owner):
        raise NotAllowed(f"{at.path} belongs to the system user {_name(owner)}; work in another directory")
    mode = 0o700
    if account.uid is not None and owner != account.uid:
        mode = 0o710
        os.fchown(at.fd, -1, account.gid or 0)
    os.fchmod(at.fd, mode)
    if stat.S_IMODE(os.fstat(at.fd).st_mode) != mode:
        raise Invalid(
            f"{at.path} cannot be protected from other users (its file system has no file modes); "
            "work in a directory on a local disk"
        )


def grant_search_permission(path: Path, account: Account) -> None:
    """Give ``account`` search permission on the parents of ``path``, which must not contain links.

    Root changes only its own directories, adds only search permission, and logs it. Raises NotAllowed for a
    directory of another user, who may not want that.
    """
    if account.uid is None:
        return
    with ExitStack() as stack:
        fd = None
        for parent in reversed(path.parents):
            try:
                # One component at a time, so that nobody can redirect us with a link; only "/" is absolute.
                fd = os.open(parent.name or parent.anchor, _WALK, dir_fd=fd)
            except OSError as error:
                error.filename = str(parent)
                raise
            stack.callback(os.close, fd)
            _make_searchable(fd, parent, account)


def _make_searchable(fd: int, parent: Path, account: Account) -> None:
    status = os.fstat(fd)
    if account.can_enter(status):
        return
    runs_as = _name(account.uid or 0)
    if status.st_uid != 0:
        raise NotAllowed(
            f"the server would run as the system user {runs_as}, who cannot pass through {parent}",
            hint=f"run chatctl as {_name(status.st_uid)}, whose directory that is, or: chmod o+x {parent}",
        )
    entered = os.open(".", os.O_RDONLY | os.O_DIRECTORY, dir_fd=fd)
    try:
        os.fchmod(entered, stat.S_IMODE(status.st_mode) | stat.S_IXOTH)
    finally:
        os.close(entered)
    import logging  # noqa: PLC0415 - happens once for a directory

    # Logged to stderr, because other users can now access known paths below it.
    logging.getLogger(__name__).warning(
        "gave all users search permission on %r (chmod o+x) for the system user %s", str(parent), runs_as
    )


def _pgserver() -> Account:
    try:
        entry = pwd.getpwnam(NAME)
    except KeyError:
        _create()
        entry = pwd.getpwnam(NAME)
    return Account(entry.pw_uid, entry.pw_gid)


def _create() -> None:
    useradd = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") or "useradd"
    command = [useradd, "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", NAME]
    reason = ""

    def created() -> bool:
        # A concurrent run may hold the lock of /etc/passwd and create the user instead.
        nonlocal reason
        result = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        reason = result.stderr.strip()
        return _exists()

    try:
        if waiting.until(created, seconds=5, every=0.1):
            return
    except OSError as error:
        reason = str(error)
    raise ChatctlError(
        f"PostgreSQL does not run as root, and the system user {NAME} cannot be created: {reason}",
        hint="run chatctl as another user",
    )


def _exists() -> bool:
    try:
        pwd.getpwnam(NAME)
    except KeyError:
        return False
    return True


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
