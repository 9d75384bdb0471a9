"""The system user that the embedded server runs as: ourselves, or ``pgserver`` when we are root."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatctl.errors import ChatctlError, Invalid, NotAllowed
from chatctl.local import waiting

NAME = "pgserver"


@dataclass(frozen=True)
class Account:
    """A system user by number; ``uid`` None means the user that we already are."""

    uid: int | None = None
    gid: int | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        """What ``subprocess`` needs to run a program as this user."""
        return {} if self.uid is None else {"user": self.uid, "group": self.gid, "extra_groups": []}


def for_directory(directory: Path) -> Account:
    """The user that runs the server of ``directory``.

    PostgreSQL refuses root. Root therefore runs a server as the owner of its files, so that ``sudo``
    does not take it away from them, and as the system user ``pgserver`` where the files are root's own.
    """
    if os.geteuid() != 0:
        return Account()
    for path in (directory / "data", directory):
        if path.exists() and (owner := path.stat()).st_uid != 0:
            return Account(owner.st_uid, owner.st_gid)
    return _pgserver()


def close_to_others(directory: Path, account: Account) -> None:
    """Let nobody but its owner, and ``account`` when we are root, pass through ``directory``.

    Raises NotAllowed for somebody else's directory, Invalid where the file system keeps no modes.
    """
    owner = directory.stat().st_uid
    if os.geteuid() not in (0, owner):
        raise NotAllowed(f"{directory} belongs to the system user {_name(owner)}; work in another directory")
    mode = 0o700
    if account.uid is not None and owner != account.uid:
        mode = 0o710
        os.chown(directory, -1, account.gid or 0)
    directory.chmod(mode)
    if stat.S_IMODE(directory.stat().st_mode) != mode:
        raise Invalid(
            f"{directory} cannot be closed to other users (its file system keeps no modes); "
            "work in a directory on a local disk"
        )


def open_the_way(path: Path, account: Account) -> None:
    """Let ``account`` pass through the parents of ``path``: traversal only, nothing becomes listable."""
    if account.uid is None:
        return
    for parent in path.parents:
        found = parent.stat()
        if found.st_uid == account.uid:
            passes = found.st_mode & stat.S_IXUSR
        elif found.st_gid == account.gid:
            passes = found.st_mode & stat.S_IXGRP
        else:
            passes = found.st_mode & stat.S_IXOTH
        if not passes:
            parent.chmod(stat.S_IMODE(found.st_mode) | stat.S_IXOTH)


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
        # Two of us at once: one gets the lock of /etc/passwd, the other fails and finds the user there.
        nonlocal reason
        reason = subprocess.run(command, capture_output=True, text=True, check=False).stderr.strip()
        return _exists()

    try:
        if waiting.until(created, seconds=5, every=0.1):
            return
    except OSError as error:
        reason = str(error)
    raise ChatctlError(
        f"PostgreSQL does not run as root, and the system user {NAME} cannot be made: {reason}",
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
