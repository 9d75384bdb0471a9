"""The SQL files: migrations, which run once, and objects, which are re-applied when their text changes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from chatctl.errors import Invalid, unreadable
from chatctl.secrets import beginning
from chatctl.sqltext.statements import Statement, bare, leading_comments, recorded, statements, with_lf

# Folders of objects/, in the default order of application.
OBJECT_FOLDERS = ("functions", "views", "triggers", "access", "storage", "realtime")

NO_TRANSACTION = "-- chatctl:no-transaction"

# The line that ``migrate export`` writes before the objects that it adds to a version.
OBJECTS_MARK = "-- chatctl:objects"

_SHOWN_CHARACTERS = 200  # of a line
_FILE_NAME = re.compile(r"^(?P<version>[0-9]{14})_(?P<name>[a-z0-9_]++)\.sql$")
# The second form is written by the Supabase CLI's own diff.
_NO_TRANSACTION = re.compile(r"--\s*+(?:chatctl:\s*+no-transaction|pg-delta:\s*+transaction=false)\s*+")

_DEFERS = re.compile(r"[dD][eE][fF][eE][rR][rR]")  # deferrable, deferred


@dataclass(frozen=True)
class SqlFile:
    """A file of ``directory``: its relative path, and for a migration its version and name."""

    path: str
    text: str
    version: str | None = None
    name: str = ""
    directory: Path = Path("sql")

    @property
    def where(self) -> str:
        """The path for messages, for example ``sql/migrations/20260123000100_organizations.sql``."""
        return f"{self.directory.name}/{self.path}"

    @cached_property
    def sha256(self) -> str:
        """The hash of its text, independent of line endings."""
        return hashlib.sha256(with_lf(self.text).encode()).hexdigest()

    @cached_property
    def _pieces(self) -> list[Statement]:
        return statements(self.text)

    @cached_property
    def statements(self) -> list[Statement]:
        """The statements to run, with the comments before them; other comments are left out."""
        return [statement for statement in self._pieces if not statement.is_comment]

    @property
    def recorded(self) -> list[str]:
        """Its statements as the history records them."""
        return recorded(self._pieces)

    @cached_property
    def bare(self) -> list[str]:
        """Its statements without comments, with white space outside quotes collapsed."""
        return [bare(statement.text) for statement in self.statements]

    @property
    def defers(self) -> bool:
        """Whether it may create a deferrable constraint."""
        return _DEFERS.search(self.text) is not None

    @cached_property
    def outside_transaction(self) -> bool:
        """Whether it has the line ``-- chatctl:no-transaction`` before its first statement."""
        return any(_NO_TRANSACTION.fullmatch(comment) for comment in leading_comments(self.text))


def migrations(directory: Path) -> list[SqlFile]:
    """The migrations of ``directory``, oldest first. Raises Invalid for a malformed or duplicate version."""
    files = [_read(path, directory) for path in sorted((directory / "migrations").glob("*.sql"))]
    by_version: dict[str, SqlFile] = {}
    for file in files:
        if file.version is None:
            raise Invalid(f"{file.where}: a migration is named <14 digits>_<name>.sql")
        if file.version in by_version:
            raise Invalid(f"{file.where}: {by_version[file.version].path} has the same version")
        if f"\n{OBJECTS_MARK}" in f"\n{file.text}":
            raise Invalid(
                f"{file.where} was written by `chatctl migrate export` and contains the objects",
                hint="name the original directory instead",
            )
        if file.outside_transaction and len(file.statements) != 1:
            raise Invalid(
                f"{file.where}: a no-transaction file must contain one statement, not {len(file.statements)}",
                hint="split the file: if a later statement fails, the earlier ones cannot be rolled back",
            )
        by_version[file.version] = file
    return files


def objects(directory: Path) -> list[SqlFile]:
    """The files of objects/, folder by folder, subfolders included.

    Raises Invalid for a file outside the known folders.
    """
    return [_read(path, directory) for path in _object_paths(directory / "objects")]


def _object_paths(root: Path) -> Iterator[Path]:
    paths = sorted(root.rglob("*.sql"))
    stray = [path for path in paths if path.relative_to(root).parts[0] not in OBJECT_FOLDERS]
    if stray:
        raise Invalid(
            f"{stray[0].relative_to(root.parent.parent)} is in an unknown folder; "
            f"the folders of objects/ are {', '.join(OBJECT_FOLDERS)}"
        )
    for folder in OBJECT_FOLDERS:
        yield from (path for path in paths if path.relative_to(root).parts[0] == folder)


def first_lines(lines: list[str], number: int) -> list[str]:
    """The first ``number`` of ``lines``, shortened for an error message."""
    shown = []
    for line in lines[:number]:
        if len(line) > _SHOWN_CHARACTERS:
            shown.append(beginning(line, 5 * _SHOWN_CHARACTERS)[:_SHOWN_CHARACTERS] + "…")
        else:
            shown.append(line)
    return [*shown, "…"] if len(lines) > number else shown


def read_text(path: Path) -> str:
    """The text of a file with its line endings, but without a byte-order mark."""
    return path.read_bytes().decode("utf-8-sig")


def _read(path: Path, directory: Path) -> SqlFile:
    relative = path.relative_to(directory).as_posix()
    try:
        text = read_text(path)
    except OSError as error:
        raise unreadable(f"{directory.name}/{relative}", error) from None
    except UnicodeDecodeError as error:
        where = f"{directory.name}/{relative}"
        raise Invalid(f"{where} cannot be read: it is not UTF-8 at byte {error.start}") from None
    if "\0" in text:
        raise Invalid(f"{directory.name}/{relative} cannot be read: it contains a NUL character")
    match = _FILE_NAME.match(path.name) if relative.startswith("migrations/") else None
    if match is None:
        return SqlFile(relative, text, directory=directory)
    return SqlFile(relative, text, match["version"], match["name"], directory)
