"""Paths of files as reports and psql write them."""

from __future__ import annotations

import re
from pathlib import Path

_PLAIN_PATH = re.compile(r"[\w./+-]+")


def repository(path: Path) -> Path | None:
    """The root of the git repository that contains ``path``; None for an installed wheel."""
    if "site-packages" in path.parts:
        return None
    return next((parent for parent in path.resolve().parents if (parent / ".git").exists()), None)


def name_of(path: Path) -> str:
    """``path`` relative to its repository; outside of one, from its `sql` directory on, or only the name."""
    path = path.resolve()
    if root := repository(path):
        return path.relative_to(root).as_posix()
    parts = path.parts
    start = len(parts) - 1 - parts[::-1].index("sql") if "sql" in parts else len(parts) - 1
    return "/".join(parts[start:])


def quoted(file: Path) -> str:
    """``file`` as an argument of psql's \\i."""
    # Relative if possible: the audit mostly runs in the root of the repository.
    here = repository(file) == Path.cwd()
    name = (file.resolve().relative_to(Path.cwd()) if here else file.resolve()).as_posix()
    return name if _PLAIN_PATH.fullmatch(name) else "'" + name.replace("'", "''") + "'"
