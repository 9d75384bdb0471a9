"""The files that a database is brought to: versions, which run once, and objects, which are stated."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from chatctl.errors import Invalid, NotFound

# Folders of sql/objects in the order in which they are stated.
OBJECT_FOLDERS = ("functions", "views", "triggers", "access", "storage", "realtime")

_FILE_NAME = re.compile(r"^(?P<version>\d{14})_(?P<name>[a-z0-9_]+)\.sql$")


@dataclass(frozen=True)
class SqlFile:
    """A file below sql/: ``path`` relative to it, and for a migration its version and name."""

    path: str
    text: str
    version: str | None = None
    name: str = ""

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


def migrations(directory: Path) -> list[SqlFile]:
    """The versioned files of ``directory``, oldest first. Raises Invalid for a wrong or doubled version."""
    files = [_read(path, directory) for path in sorted((directory / "migrations").glob("*.sql"))]
    seen: dict[str, str] = {}
    for file in files:
        if file.version is None:
            raise Invalid(f"sql/{file.path}: a migration is named <14 digits>_<name>.sql")
        if file.version in seen:
            raise Invalid(f"sql/{file.path}: version {file.version} is also {seen[file.version]}")
        seen[file.version] = file.path
    return files


def objects(directory: Path) -> list[SqlFile]:
    """The files of objects/, in the order in which they are stated."""
    root = directory / "objects"
    return [
        _read(path, directory) for folder in OBJECT_FOLDERS for path in sorted((root / folder).glob("*.sql"))
    ]


def _read(path: Path, directory: Path) -> SqlFile:
    relative = path.relative_to(directory).as_posix()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise NotFound(f"sql/{relative} does not exist") from None
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"sql/{relative} cannot be read: {error}") from None
    if match := _FILE_NAME.match(path.name):
        return SqlFile(path=relative, text=text, version=match["version"], name=match["name"])
    return SqlFile(path=relative, text=text)
