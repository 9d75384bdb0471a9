"""Bringing a database to what sql/ says: versioned files once, objects whenever their text changed."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import psycopg
from psycopg.rows import dict_row

from chatctl import __version__
from chatctl.db.connection import Connection
from chatctl.db.files import data_directory, query
from chatctl.db.statements import canonical, split
from chatctl.errors import Conflict, Invalid, NotFound, Unavailable

# Folders of sql/objects in the order in which they are stated.
OBJECT_FOLDERS = ("functions", "views", "triggers", "access", "storage", "realtime")

_FILE_NAME = re.compile(r"^(?P<version>\d{14})_(?P<name>[a-z0-9_]+)\.sql$")
_LOCK_KEY = 7_232_615_413_094_158  # "chatctl" as a number: one lock for all migrations of a database
_POLL_SECONDS = 0.1

_NOT_THERE_YET = (
    psycopg.errors.UndefinedTable,
    psycopg.errors.UndefinedFunction,
    psycopg.errors.UndefinedObject,
    psycopg.errors.InvalidSchemaName,
)

State = Literal["applied", "pending", "edited", "missing"]


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


@dataclass(frozen=True)
class Applied:
    """A version that a database has had; the last two are None when another tool applied it."""

    version: str
    name: str
    statements: list[str]
    applied_at: datetime | None = None
    applied_by: str | None = None


@dataclass(frozen=True)
class Step:
    """One file that was run: a versioned one or an object, and how long it took."""

    kind: Literal["version", "object"]
    path: str
    milliseconds: int


@dataclass(frozen=True)
class Line:
    """Where one file stands: a version or an object, in the files and in the database."""

    kind: Literal["version", "object"]
    path: str
    state: State
    applied_at: datetime | None = None
    applied_by: str | None = None


@dataclass(frozen=True)
class Plan:
    """What is to be run, in order."""

    versions: list[SqlFile]
    objects: list[SqlFile]

    @property
    def files(self) -> list[SqlFile]:
        return [*self.versions, *self.objects]


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
    with _lock(conn, deadline), conn.transaction(force_rollback=dry_run):
        plan = _plan(conn, directory)
        if plan.files:
            conn.execute(query("migrate/history"))
        for step in _run_all(conn, plan):
            steps.append(step)
            on_step(step)
    return steps


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
                state=_state(file, had),
                applied_at=had.applied_at if had else None,
                applied_by=had.applied_by if had else None,
            )
        )
    stated = _stated(conn)
    for file in objects(directory):
        lines.append(
            Line(
                kind="object",
                path=file.path,
                state="applied" if stated.get(file.path) == file.sha256 else "pending",
            )
        )
    return lines


def applied(conn: Connection) -> list[Applied]:
    """The versions that the database has had, oldest first; none when there is no history."""
    if not _exists(conn, "schema_migrations"):
        return []
    own = {}
    if _exists(conn, "chatctl_migrations"):
        own = {version: (at, by) for version, at, by in conn.execute(query("migrate/details"))}
    return [
        Applied(version, name, statements, *own.get(version, (None, None)))
        for version, name, statements in conn.execute(query("migrate/applied"))
    ]


def _plan(conn: Connection, directory: Path) -> Plan:
    files = migrations(directory)
    history = {had.version: had for had in applied(conn)}
    for file in files:
        had = history.get(file.version or "")
        if had and _state(file, had) == "edited":
            raise Conflict(
                f"sql/{file.path} was edited after it was applied",
                hint="restore the file, and put the change into a new migration",
            )
    known = {file.version for file in files}
    for version in history:
        if version not in known:
            raise Conflict(f"the database has migration {version}, which sql/migrations has not")
    stated = _stated(conn)
    return Plan(
        versions=[file for file in files if file.version not in history],
        objects=[file for file in objects(directory) if stated.get(file.path) != file.sha256],
    )


def _state(file: SqlFile | None, had: Applied | None) -> State:
    if file is None:
        return "missing"
    if had is None:
        return "pending"
    same = not had.statements or canonical(had.statements) == canonical([file.text])
    return "applied" if same else "edited"


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


@contextmanager
def _lock(conn: Connection, deadline: float) -> Iterator[None]:
    # Polled, never waited for: a session that waits inside PostgreSQL holds a snapshot, and an index that is
    # built concurrently would wait for that snapshot in turn.
    give_up = time.monotonic() + deadline
    while not _scalar(conn, "select pg_try_advisory_lock(%s)", _LOCK_KEY):
        if time.monotonic() > give_up:
            raise Unavailable(
                f"another migration still runs after {deadline:.0f} s: {_holder(conn)}",
                hint="wait for it, or give more time with --deadline",
            )
        time.sleep(_POLL_SECONDS)
    try:
        yield
    finally:
        if not conn.closed and not conn.broken:
            conn.execute("select pg_advisory_unlock(%s)", (_LOCK_KEY,))


def _holder(conn: Connection) -> str:
    with conn.cursor(row_factory=dict_row) as cursor:
        holder = cursor.execute(query("migrate/lock_holder"), {"key": _LOCK_KEY}).fetchone()
    if holder is None:
        return "it has just ended"
    return "pid {pid}, {application_name}, as {usename}, since {since:%H:%M:%S}".format(**holder)


def _stated(conn: Connection) -> dict[str, str]:
    if not _exists(conn, "chatctl_objects"):
        return {}
    return dict(conn.execute(query("migrate/objects")).fetchall())


def _exists(conn: Connection, table: str) -> bool:
    return _scalar(conn, "select to_regclass('supabase_migrations.' || %s::text)", table) is not None


def _scalar(conn: Connection, statement: str, *values: object) -> object:
    row = conn.execute(statement.encode(), values or None).fetchone()
    return row[0] if row else None


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
