"""The state of every file in a database, and the command that brings it up to date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from chatctl.data import data_directory
from chatctl.db.connection import Connection
from chatctl.services.migrations.definitions import parse_drops
from chatctl.services.migrations.files import SqlFile, migrations, objects
from chatctl.services.migrations.history import Applied, applied, applied_objects, matches, unfinished
from chatctl.services.migrations.plan import files_with_missing_objects
from chatctl.sqltext.statements import canonical

State = Literal[
    "applied",
    "pending",
    "changed",
    "lost",
    "gone",
    "out of order",
    "unfinished",
    "edited",
    "missing",
    "moved",
]

_MIGRATE = "chatctl migrate"


@dataclass(frozen=True)
class FileStatus:
    """The state of one file, who applied it when, and the next command to run, or None if there is none.

    ``version`` is None for an object file. ``by`` is ``another tool`` for a version not applied by chatctl.
    """

    kind: Literal["version", "object"]
    path: str
    state: State
    version: str | None = None
    applied_at: datetime | None = None
    by: str | None = None
    next: str | None = None


def status(conn: Connection, *, directory: Path | None = None) -> list[FileStatus]:
    """The state of every version and object file; read-only.

    A version is applied, pending, ``out of order`` (pending, but older than an applied one), ``unfinished``
    (started outside a transaction but not completed), ``edited`` (after it was applied), ``missing``
    (applied, but its file does not exist) or ``moved`` (applied under another version). An object file is
    applied, pending, changed, ``lost`` (the database lacks an object that it defines) or ``gone`` (the file
    was removed, so its objects will be dropped).
    """
    directory = directory or data_directory("sql")
    return [*_versions(conn, directory), *_objects(conn, directory)]


def _versions(conn: Connection, directory: Path) -> list[FileStatus]:
    local = {str(file.version): file for file in migrations(directory)}
    history = {entry.version: entry for entry in applied(conn)}
    started = unfinished(conn)
    newest = max(history, default="")
    pending: dict[tuple[str, ...], SqlFile] = {}
    if history.keys() - local.keys():  # a pending file may have been applied under another version
        files = [file for version, file in local.items() if version not in history]
        pending = {tuple(canonical([file.text])): file for file in reversed(files)}
    lines = []
    for version in sorted({*local, *history}):
        file, entry = local.get(version), history.get(version)
        if entry is None:
            assert file is not None  # noqa: S101 - every version is in one of the two
            lines.append(_pending(file, late=version < newest, started=version in started))
        else:
            lines.append(_applied(entry, file, pending))
    return lines


def _pending(file: SqlFile, *, late: bool, started: bool) -> FileStatus:
    state: State = "unfinished" if started else "out of order" if late else "pending"
    command = f"{_MIGRATE} --include-all" if late else _MIGRATE
    return FileStatus("version", file.path, state, file.version, next=command)


def _applied(entry: Applied, file: SqlFile | None, pending: dict[tuple[str, ...], SqlFile]) -> FileStatus:
    state: State = "applied"
    command = None
    if file is None:
        state, command = "missing", f"{_MIGRATE} repair {entry.version} --status reverted"
        # The Dashboard and the Management API assign their own version to a migration.
        text = tuple(canonical(entry.own_statements))
        if text and (twin := pending.get(text)):
            state = "moved"
            command += f" && {_MIGRATE} repair {twin.version} --status applied"
    elif not matches(file, entry):
        state, command = "edited", f"{_MIGRATE} repair {entry.version} --status applied"
    return FileStatus(
        "version",
        file.path if file else f"migrations/{entry.file_name}",
        state,
        entry.version,
        applied_at=entry.applied_at,
        by=entry.applied_by or "another tool",
        next=command,
    )


def _objects(conn: Connection, directory: Path) -> list[FileStatus]:
    known = applied_objects(conn)
    files = objects(directory)
    with_missing = files_with_missing_objects(
        conn, {previous.path: parse_drops(previous.drops) for previous in known.values()}
    )
    lines = []
    for file in files:
        previous = known.get(file.path)
        state: State = (
            "pending" if previous is None else "changed" if previous.sha256 != file.sha256 else "applied"
        )
        command = None if state == "applied" else _MIGRATE
        if state == "applied" and file.path in with_missing:
            state, command = "lost", _MIGRATE
        lines.append(FileStatus("object", file.path, state, next=command))
    present = {file.path for file in files}
    removed = [path for path in known if path not in present]
    return lines + [FileStatus("object", path, "gone", next=_MIGRATE) for path in removed]
