"""Where every file stands in a database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from chatctl.db.connection import Connection
from chatctl.db.files import data_directory
from chatctl.db.statements import canonical
from chatctl.services.migrations.files import SqlFile, migrations, objects
from chatctl.services.migrations.history import Applied, applied, stated

State = Literal["applied", "pending", "edited", "missing"]


@dataclass(frozen=True)
class Line:
    """Where one file stands: a version or an object, in the files and in the database."""

    kind: Literal["version", "object"]
    path: str
    state: State
    applied_at: datetime | None = None
    applied_by: str | None = None


def status(conn: Connection, *, directory: Path | None = None) -> list[Line]:
    """Where every version and object stands; nothing is changed."""
    directory = directory or data_directory("sql")
    local = {file.version or "": file for file in migrations(directory)}
    history = {had.version: had for had in applied(conn)}
    lines = []
    for version in sorted({*local, *history}):
        had, file = history.get(version), local.get(version)
        lines.append(
            Line(
                kind="version",
                path=file.path if file else f"migrations/{version}_{had.name if had else ''}.sql",
                state=state(file, had),
                applied_at=had.applied_at if had else None,
                applied_by=had.applied_by if had else None,
            )
        )
    known = stated(conn)
    for file in objects(directory):
        lines.append(
            Line(
                kind="object",
                path=file.path,
                state="applied" if known.get(file.path) == file.sha256 else "pending",
            )
        )
    return lines


def state(file: SqlFile | None, had: Applied | None) -> State:
    if file is None:
        return "missing"
    if had is None:
        return "pending"
    same = not had.statements or canonical(had.statements) == canonical([file.text])
    return "applied" if same else "edited"
