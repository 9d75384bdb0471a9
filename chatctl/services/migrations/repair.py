"""Correcting the migration history without running any SQL file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from chatctl.db.connection import Connection
from chatctl.db.files import sql_statement
from chatctl.errors import Conflict, NotFound
from chatctl.services.migrations import history, lock
from chatctl.services.migrations.execute import refusals
from chatctl.services.migrations.files import SqlFile, migrations
from chatctl.services.migrations.history import Applied, Author, applied, matches

Status = Literal["applied", "reverted"]


@dataclass(frozen=True)
class HistoryChange:
    """One version that is added to, rewritten in or removed from the history."""

    version: str
    name: str
    action: Literal["add", "rewrite", "remove"]


def repair(conn: Connection, directory: Path, versions: Sequence[str], status: Status) -> list[HistoryChange]:
    """The changes that mark ``versions`` as applied, with the text of their files, or as not applied.

    Raises NotFound for a version that is neither among the files nor in the history.
    """
    local = {str(file.version): file for file in migrations(directory)}
    recorded = {row.version: row for row in applied(conn)}
    changes = []
    for version in dict.fromkeys(versions):
        if status == "applied" and version not in local:
            raise NotFound(f"{directory.name}/migrations has no version {version}")
        if version not in local and version not in recorded:
            raise NotFound(f"version {version} is neither among the files nor in the history")
        change = (
            _added(local[version], recorded.get(version))
            if status == "applied"
            else _removed(recorded.get(version))
        )
        if change:
            changes.append(change)
    return changes


def baseline(conn: Connection, directory: Path, *, to: str | None = None) -> list[HistoryChange]:
    """The changes that create the history of a database without one: every version, up to ``to``.

    Raises Conflict if the database has a history, NotFound if there is no version ``to``.
    """
    files = migrations(directory)
    if to is not None and to not in {file.version for file in files}:
        raise NotFound(f"--to {to}: {directory.name}/migrations has no such version")
    if recorded := applied(conn):
        raise Conflict(
            f"the database already has a history of {len(recorded)} migrations up to "
            f"{recorded[-1].file_name}",
            hint="to change single versions, use `chatctl migrate repair`",
        )
    return [
        HistoryChange(str(file.version), file.name, "add")
        for file in files
        if to is None or str(file.version) <= to
    ]


def write(
    conn: Connection,
    directory: Path,
    decide: Callable[[], list[HistoryChange]],
    *,
    shown: list[HistoryChange],
    deadline: float,
    on_wait: Callable[[str], None],
) -> None:
    """Make the changes that were ``shown``, in one transaction.

    Under the migration lock, ``decide`` computes them again; raises Conflict if they differ.
    """
    local = {str(file.version): file for file in migrations(directory)}
    author = Author.of(directory)
    with lock.held(conn, deadline, on_wait), conn.transaction():
        if decide() != shown:
            raise Conflict("the history was changed concurrently; nothing was changed", hint="run it again")
        history.make_ready(conn)
        for change in shown:
            with refusals(f"{change.version}_{change.name}.sql"):
                conn.execute(sql_statement("migrate/forget_version"), {"version": change.version})
                if change.action != "remove":
                    history.record_version(conn, local[change.version], author, 0)


def _added(file: SqlFile, recorded: Applied | None) -> HistoryChange | None:
    if recorded is None:
        return HistoryChange(str(file.version), file.name, "add")
    if recorded.statements is not None and matches(file, recorded) and recorded.name == file.name:
        return None
    return HistoryChange(str(file.version), file.name, "rewrite")


def _removed(recorded: Applied | None) -> HistoryChange | None:
    return HistoryChange(recorded.version, recorded.name, "remove") if recorded else None
