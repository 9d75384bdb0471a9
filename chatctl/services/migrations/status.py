"""Where every file stands in a database, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from chatctl.data import data_directory
from chatctl.db.connection import Connection
from chatctl.services.migrations.files import SqlFile, migrations, objects
from chatctl.services.migrations.history import Applied, applied, applied_objects, same, unfinished
from chatctl.services.migrations.made import dropped_by
from chatctl.services.migrations.plan import lost
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
    """Where one file stands, who applied it when, and the next command; ``next`` is null when all is well.

    ``version`` is the number of a migration, null for an object. ``by`` is ``another tool`` for a version of
    which chatctl has no record of its own.
    """

    kind: Literal["version", "object"]
    path: str
    state: State
    version: str | None = None
    applied_at: datetime | None = None
    by: str | None = None
    next: str | None = None


def status(conn: Connection, *, directory: Path | None = None) -> list[FileStatus]:
    """Where every version and object stands; nothing is changed.

    A version is applied, pending, ``out of order`` (pending, and older than what was applied), ``unfinished``
    (begun, outside a transaction), edited after it was applied, ``missing`` among the files, or ``moved``
    (applied under another version). An object is applied, pending, changed, ``lost`` (something that it made
    is not there) or ``gone`` (its file is, so that it will be dropped).
    """
    directory = directory or data_directory("sql")
    return [*_versions(conn, directory), *_objects(conn, directory)]


def _versions(conn: Connection, directory: Path) -> list[FileStatus]:
    local = {str(file.version): file for file in migrations(directory)}
    history = {had.version: had for had in applied(conn)}
    begun = unfinished(conn)
    newest = max(history, default="")
    pending: dict[tuple[str, ...], SqlFile] = {}
    if history.keys() - local.keys():  # a file may be pending that was applied under another version
        files = [file for version, file in local.items() if version not in history]
        pending = {tuple(canonical([file.text])): file for file in reversed(files)}
    lines = []
    for version in sorted({*local, *history}):
        file, had = local.get(version), history.get(version)
        if had is None:
            assert file is not None  # noqa: S101 - a version is known from one of the two
            lines.append(_pending(file, late=version < newest, begun=version in begun))
        else:
            lines.append(_had(had, file, pending))
    return lines


def _pending(file: SqlFile, *, late: bool, begun: bool) -> FileStatus:
    state: State = "unfinished" if begun else "out of order" if late else "pending"
    command = f"{_MIGRATE} --include-all" if late else _MIGRATE
    return FileStatus("version", file.path, state, file.version, next=command)


def _had(had: Applied, file: SqlFile | None, pending: dict[tuple[str, ...], SqlFile]) -> FileStatus:
    state: State = "applied"
    command = None
    if file is None:
        state, command = "missing", f"{_MIGRATE} repair {had.version} --status reverted"
        # The Dashboard and the Management API choose a version of their own for the text that they are given.
        text = tuple(canonical(had.own_statements))
        if text and (twin := pending.get(text)):
            state = "moved"
            command += f" && {_MIGRATE} repair {twin.version} --status applied"
    elif not same(file, had):
        state, command = "edited", f"{_MIGRATE} repair {had.version} --status applied"
    return FileStatus(
        "version",
        file.path if file else f"migrations/{had.file_name}",
        state,
        had.version,
        applied_at=had.applied_at,
        by=had.applied_by or "another tool",
        next=command,
    )


def _objects(conn: Connection, directory: Path) -> list[FileStatus]:
    known = applied_objects(conn)
    files = objects(directory)
    vanished = lost(conn, {was.path: dropped_by(was.drops) for was in known.values()})
    lines = []
    for file in files:
        was = known.get(file.path)
        state: State = "pending" if was is None else "changed" if was.sha256 != file.sha256 else "applied"
        command = None if state == "applied" else _MIGRATE
        if state == "applied" and file.path in vanished:
            state, command = "lost", _MIGRATE
        lines.append(FileStatus("object", file.path, state, next=command))
    present = {file.path for file in files}
    gone = [path for path in known if path not in present]
    return lines + [FileStatus("object", path, "gone", next=_MIGRATE) for path in gone]
