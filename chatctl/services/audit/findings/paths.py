"""Paths of files as reports and psql write them."""

from __future__ import annotations

import re
from pathlib import Path

_PLAIN_PATH = re.compile(r"[\w./+-]+")


def repository(path: Path) -> Path | None:
    """The root of the repository that ``path`` is a file of; what a wheel has installed belongs to none."""
    if "site-packages" in path.parts:
        return None
    return next((parent for parent in path.resolve().parents if (parent / ".git").exists()), None)


def name_of(path: Path) -> str:
    """``path`` as the repository knows it; what is in no repository by its last directory and name."""
    path = path.resolve()
    if root := repository(path):
        return path.relative_to(root).as_posix()
    parts = path.parts
    start = len(parts) - 1 - parts[::-1].index("sql") if "sql" in parts else len(parts) - 1
    return "/".join(parts[start:])


def quoted(file: Path) -> str:
    """``file`` as psql's \\i takes it."""
    # Short where it is enough: in CI, and for most people, the audit runs in the root of the repository.
    here = repository(file) == Path.cwd()
    name = (file.resolve().relative_to(Path.cwd()) if here else file.resolve()).as_posix()
    return name if _PLAIN_PATH.fullmatch(name) else "'" + name.replace("'", "''") + "'"
