"""The directories in which ``chatctl.yaml`` and ``.chatctl`` are searched."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from chatctl.errors import Invalid

CONFIG_NAME = "chatctl.yaml"
EMBEDDED_DIRECTORY = ".chatctl"


@dataclass(frozen=True)
class Project:
    """The directories that are searched, from the working directory up to the root of its repository."""

    directories: tuple[Path, ...]

    @property
    def config(self) -> Path | None:
        """The nearest chatctl.yaml, or None.

        Raises Invalid for a broken link, or a file of another user in a parent directory.
        """
        path = self._nearest(CONFIG_NAME)
        if path is not None and path.parent != self.directories[0] and not _is_ours(path):
            raise Invalid(f"{path} belongs to another user, so chatctl does not read it from a subdirectory")
        return path

    @property
    def embedded(self) -> Path:
        """The nearest directory of an embedded server; if there is none, where `local up` creates it.

        It is created next to chatctl.yaml, else in the root of the repository.
        """
        config = self.config
        parent = config.parent if config else self.directories[-1]
        return self._nearest(EMBEDDED_DIRECTORY) or parent / EMBEDDED_DIRECTORY

    def __str__(self) -> str:
        nearest, root = self.directories[0], self.directories[-1]
        return f"{nearest}" if nearest == root else f"{nearest} and the directories above it up to {root}"

    def _nearest(self, name: str) -> Path | None:
        for directory in self.directories:
            path = directory / name
            if os.path.lexists(path):
                if not path.exists():
                    raise Invalid(f"{path} is a symbolic link whose target does not exist; remove or fix it")
                return path
        return None


def project_around(directory: Path | None = None) -> Project:
    """The project that ``directory`` (default: the working directory) belongs to.

    As with git, the root of a project is the directory with ``.git``; without one, only ``directory`` is
    searched. The search does not leave the home directory, and stops at a directory of another user, who
    could place files there that redirect us to another database.
    """
    start = directory or Path.cwd()
    visited: list[Path] = []
    for each in (start, *start.parents):
        if not _is_ours(each):
            break
        visited.append(each)
        if os.path.lexists(each / ".git"):
            return Project(tuple(visited) if _is_ours(each / ".git") else (start,))
        if each == _home():
            break
    return Project((start,))


def _home() -> Path | None:
    try:
        return Path.home().resolve()
    except RuntimeError:  # HOME is not set, and the user id has no passwd entry
        return None


def _is_ours(path: Path) -> bool:
    """Whether ``path`` belongs to the current user, or to the user who called sudo."""
    us = {os.geteuid()}
    if os.geteuid() == 0 and os.environ.get("SUDO_UID", "").isdigit():
        us.add(int(os.environ["SUDO_UID"]))
    return path.lstat().st_uid in us
