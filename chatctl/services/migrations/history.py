"""The applied migrations: the table of the Supabase CLI, plus chatctl's own details."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from psycopg.rows import class_row

from chatctl import __version__
from chatctl.db.connection import Connection
from chatctl.db.files import query, sql_statement
from chatctl.services.migrations.definitions import drop_statements
from chatctl.services.migrations.files import OBJECTS_MARK, SqlFile
from chatctl.settings import actor
from chatctl.sqltext.statements import canonical, consists_of, joined, split, with_lf


@dataclass(frozen=True)
class Applied:
    """An applied version.

    ``statements`` is None if none were recorded; the last two fields are None if another tool applied it.
    """

    version: str
    name: str
    statements: list[str] | None
    applied_at: datetime | None = None
    applied_by: str | None = None

    @property
    def file_name(self) -> str:
        """The name of its file."""
        return f"{self.version}_{self.name}.sql"

    @property
    def own_statements(self) -> list[str]:
        """Its statements with LF line endings, without the objects that ``migrate export`` added."""
        own = []
        for statement in split(with_lf(joined(self.statements or []))):
            if statement.startswith(OBJECTS_MARK):
                break
            own.append(statement)
        return own


@dataclass(frozen=True)
class AppliedObject:
    """An object file as last applied, and the statements that drop its objects."""

    path: str
    sha256: str
    drops: list[str]


@dataclass(frozen=True)
class Unfinished:
    """A no-transaction file that was started but not recorded as applied."""

    version: str
    sha256: str
    started_at: datetime
    actor: str | None


@dataclass(frozen=True)
class Author:
    """Who applies which revision of the files, for the history; ``git_revision`` is None outside git."""

    actor: str
    git_revision: str | None

    @classmethod
    def of(cls, directory: Path) -> Author:
        """The user or job that runs this process, and the revision of the files in ``directory``."""
        return cls(actor(), _git_revision(directory))


def applied(conn: Connection) -> list[Applied]:
    """The applied versions, oldest first; empty if there is no history."""
    if not _exists(conn, "schema_migrations"):
        return []
    own = {}
    if is_ready(conn):
        details = conn.execute(query("migrate/details"), binary=True)
        own = {version: (at, by) for version, at, by in details}
    return [
        Applied(version, name, statements, *own.get(version, (None, None)))
        for version, name, statements in conn.execute(query("migrate/applied"))
    ]


def applied_objects(conn: Connection) -> dict[str, AppliedObject]:
    """The object files as last applied, by path."""
    if not is_ready(conn):
        return {}
    with conn.cursor(row_factory=class_row(AppliedObject)) as cursor:
        return {row.path: row for row in cursor.execute(query("migrate/objects"))}


def unfinished(conn: Connection) -> dict[str, Unfinished]:
    """The no-transaction files that were started but not recorded as applied, by version."""
    if not is_ready(conn):
        return {}
    with conn.cursor(row_factory=class_row(Unfinished), binary=True) as cursor:
        return {row.version: row for row in cursor.execute(query("migrate/unfinished"))}


def is_ready(conn: Connection) -> bool:
    """Whether the database has all history tables of this version of chatctl."""
    return _exists(conn, "chatctl_unfinished")  # the newest of them


def make_ready(conn: Connection) -> None:
    """Create missing history tables."""
    if not is_ready(conn):
        conn.execute(sql_statement("migrate/history"))


def matches(file: SqlFile, entry: Applied) -> bool:
    """Whether ``file`` matches what was applied, ignoring white space, line endings and comments."""
    if entry.statements is None or consists_of(
        with_lf(file.text), [with_lf(text) for text in entry.statements]
    ):
        return True
    return canonical(entry.own_statements) == canonical([file.text])


def record_version(conn: Connection, file: SqlFile, author: Author, milliseconds: int) -> None:
    """Add a version to the Supabase CLI's table, and chatctl's details about it."""
    row = {"version": file.version, "name": file.name, "statements": file.recorded}
    conn.execute(sql_statement("migrate/record_version"), row)
    record_details(conn, file, author, milliseconds)


def record_details(conn: Connection, file: SqlFile, author: Author, milliseconds: int) -> None:
    """Record who applied a version, and the hash of its text."""
    details = {"version": file.version, "duration_ms": milliseconds, **_details(file, author)}
    conn.execute(sql_statement("migrate/record_details"), details)


def record_object(conn: Connection, file: SqlFile, author: Author) -> None:
    """Record that an object file was applied, and the statements that drop its objects."""
    details = {"path": file.path, "drops": drop_statements(file), **_details(file, author)}
    conn.execute(sql_statement("migrate/record_object"), details)


def _details(file: SqlFile, author: Author) -> dict[str, str | None]:
    return {
        "sha256": file.sha256,
        "chatctl_version": __version__,
        "actor": author.actor,
        "git_revision": author.git_revision,
    }


def _exists(conn: Connection, table: str) -> bool:
    row = conn.execute("select to_regclass('supabase_migrations.' || %s::text)", (table,)).fetchone()
    return bool(row and row[0] is not None)


def _git_revision(directory: Path) -> str | None:
    """The git commit of ``directory``, with ``-dirty`` if files differ; None if not tracked by git."""
    git = ["git", "-C", str(directory)]
    try:
        tracked = subprocess.run(
            [*git, "ls-files", "migrations"], capture_output=True, timeout=5, check=False
        )
        if not tracked.stdout.strip():
            return None
        head = subprocess.run(
            [*git, "rev-parse", "HEAD"], capture_output=True, text=True, timeout=5, check=True
        )
        changed = subprocess.run(
            [*git, "status", "--porcelain", "."], capture_output=True, timeout=5, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return head.stdout.strip() + ("-dirty" if changed.stdout.strip() else "")
