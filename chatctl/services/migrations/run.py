"""Bringing a database to what sql/ says: versioned files once, objects whenever their text changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psycopg

from chatctl import __version__
from chatctl.db.connection import Connection
from chatctl.db.files import data_directory, query
from chatctl.db.statements import split
from chatctl.errors import Conflict, Invalid
from chatctl.services.migrations import lock
from chatctl.services.migrations.files import SqlFile, migrations, objects
from chatctl.services.migrations.history import applied, stated
from chatctl.services.migrations.status import state

_NOT_THERE_YET = (
    psycopg.errors.UndefinedTable,
    psycopg.errors.UndefinedFunction,
    psycopg.errors.UndefinedObject,
    psycopg.errors.InvalidSchemaName,
)


@dataclass(frozen=True)
class Step:
    """One file that was run: a versioned one or an object, and how long it took."""

    kind: Literal["version", "object"]
    path: str
    milliseconds: int


@dataclass(frozen=True)
class Plan:
    """What is to be run, in order."""

    versions: list[SqlFile]
    objects: list[SqlFile]

    @property
    def files(self) -> list[SqlFile]:
        return [*self.versions, *self.objects]


def migrate(
    conn: Connection,
    *,
    dry_run: bool = False,
    deadline: float = 60.0,
    directory: Path | None = None,
    on_step: Callable[[Step], None] = lambda step: None,
) -> list[Step]:
    """Run what is pending in one transaction; the files that were run. ``dry_run`` runs them and rolls back.

    Waits up to ``deadline`` seconds for another migration of the database to end.
    Raises Conflict for an applied file that was edited or is missing, or when the lock stays busy;
    Invalid naming file and line when PostgreSQL refuses a statement.
    """
    directory = directory or data_directory("sql")
    steps: list[Step] = []
    with lock.held(conn, deadline), conn.transaction(force_rollback=dry_run):
        plan = _plan(conn, directory)
        if plan.files:
            conn.execute(query("migrate/history"))
        for step in _run_all(conn, plan):
            steps.append(step)
            on_step(step)
    return steps


def _plan(conn: Connection, directory: Path) -> Plan:
    files = migrations(directory)
    history = {had.version: had for had in applied(conn)}
    for file in files:
        had = history.get(file.version or "")
        if had and state(file, had) == "edited":
            raise Conflict(
                f"sql/{file.path} was edited after it was applied",
                hint="restore the file, and put the change into a new migration",
            )
    local = {file.version for file in files}
    for version in history:
        if version not in local:
            raise Conflict(f"the database has migration {version}, which sql/migrations has not")
    known = stated(conn)
    return Plan(
        versions=[file for file in files if file.version not in history],
        objects=[file for file in objects(directory) if known.get(file.path) != file.sha256],
    )


def _run_all(conn: Connection, plan: Plan) -> Iterator[Step]:
    for file in plan.versions:
        yield _run(conn, file)
    # An object that names one which is not there yet waits for the next round, until a round changes nothing.
    waiting = plan.objects
    while waiting:
        deferred: list[SqlFile] = []
        for file in waiting:
            try:
                with conn.transaction():
                    step = _run(conn, file)
            except Invalid as error:
                deferred.append(file)
                if not isinstance(error.__cause__, _NOT_THERE_YET) or len(deferred) == len(waiting):
                    raise
            else:
                yield step
        waiting = deferred


def _run(conn: Connection, file: SqlFile) -> Step:
    start = time.perf_counter()
    # Function bodies may name what a later file makes; PostgreSQL reads them when they first run.
    conn.execute("select set_config('check_function_bodies', 'off', true)")
    try:
        conn.execute(file.text.encode())
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        raise Invalid(_located(file, error), hint=error.diag.message_hint) from error
    milliseconds = round((time.perf_counter() - start) * 1000)
    details = {"sha256": file.sha256, "chatctl_version": __version__}
    if file.version is None:
        conn.execute(query("migrate/record_object"), {"path": file.path, **details})
        return Step("object", file.path, milliseconds)
    version = {"version": file.version, "name": file.name, "statements": split(file.text)}
    conn.execute(query("migrate/record_version"), version)
    conn.execute(
        query("migrate/record_details"),
        {"version": file.version, "duration_ms": milliseconds, **details},
    )
    return Step("version", file.path, milliseconds)


def _located(file: SqlFile, error: psycopg.Error) -> str:
    position = error.diag.statement_position
    line = f":{file.text[: int(position) - 1].count(chr(10)) + 1}" if position else ""
    return f"sql/{file.path}{line}: {error.diag.message_primary} [{error.sqlstate}]"
