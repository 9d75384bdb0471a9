"""Applying changed object files in the order of their dependencies, and dropping obsolete objects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import psycopg

from chatctl.db.connection import Connection
from chatctl.db.files import query, sql_statement
from chatctl.errors import Invalid
from chatctl.services.migrations import definitions, execute
from chatctl.services.migrations.definitions import drop_statements, in_dependency_order
from chatctl.services.migrations.files import SqlFile
from chatctl.services.migrations.history import Author, record_object
from chatctl.services.migrations.plan import MigrationPlan, files_with_missing_objects
from chatctl.services.migrations.session import FileSession
from chatctl.services.migrations.steps import MigrationStep

_MISSING_DEPENDENCY = (
    psycopg.errors.UndefinedTable,
    psycopg.errors.UndefinedColumn,
    psycopg.errors.UndefinedFunction,
    psycopg.errors.UndefinedObject,
    psycopg.errors.InvalidSchemaName,
)


def granted_tables(conn: Connection, plan: MigrationPlan) -> dict[str, int | None]:
    """The tables that object files grant privileges on, by name, with their current oid."""
    names = sorted({name for file in plan.everything for name in definitions.granted_tables(file)})
    return dict(conn.execute(query("migrate/oids"), {"names": names}).fetchall())


def apply_objects(
    session: FileSession, plan: MigrationPlan, author: Author, *, tables: dict[str, int | None]
) -> Iterator[MigrationStep]:
    """Apply changed object files and those whose objects a version dropped, then drop obsolete objects.

    Yields each file when it is done. ``tables`` are the ``granted_tables`` before the versions ran: a table
    that was re-created has lost its privileges, so that the files with its grants are applied again.
    """
    conn = session.conn
    if plan.obsolete:
        _record_current_objects(conn, plan.everything)
        _run(conn, plan, "migrate/find_obsolete")
    changed = {file.path for file in plan.objects}
    unchanged = [file for file in plan.everything if file.path not in changed]
    stale = files_with_missing_objects(conn, {file.path: definitions.defined_by(file) for file in unchanged})
    if plan.versions:
        recreated = {name for name, oid in granted_tables(conn, plan).items() if tables.get(name) != oid}
        stale |= {
            file.path for file in unchanged if not recreated.isdisjoint(definitions.granted_tables(file))
        }
    pending = in_dependency_order([file for file in plan.everything if file.path in changed | stale])
    yield from _apply_all(session, pending, author)
    if plan.obsolete:
        _run(conn, plan, "migrate/drop_obsolete")
        yield from (MigrationStep("drop", it.path, 0) for it in plan.obsolete)
    # `drop … cascade` in a file may have dropped objects of other files.
    dropped = files_with_missing_objects(
        conn, {file.path: definitions.defined_by(file) for file in plan.everything}
    )
    yield from _apply_all(session, [file for file in plan.everything if file.path in dropped], author)
    _check_bodies(conn, pending)


def _apply_all(session: FileSession, files: Sequence[SqlFile], author: Author) -> Iterator[MigrationStep]:
    # A file with a missing dependency is retried in the next round, until a round makes no progress.
    pending = list(files)
    while pending:
        deferred: list[SqlFile] = []
        for file in pending:
            try:
                with session.conn.transaction(), execute.refusals(file.where):
                    milliseconds = execute.run(session, file)
                    record_object(session.conn, file, author)
            except Invalid as error:
                deferred.append(file)
                if not isinstance(error.__cause__, _MISSING_DEPENDENCY) or len(deferred) == len(pending):
                    raise
            else:
                yield MigrationStep("object", file.path, milliseconds)
        pending = deferred


def _record_current_objects(conn: Connection, files: Sequence[SqlFile]) -> None:
    conn.execute(sql_statement("migrate/current_objects"))
    with conn.pipeline():
        for file in files:
            conn.execute(
                sql_statement("migrate/record_current_object"),
                {"path": file.path, "sha256": file.sha256, "drops": drop_statements(file)},
            )


def _run(conn: Connection, plan: MigrationPlan, name: str) -> None:
    try:
        conn.execute(sql_statement(name))
    except psycopg.Error as error:
        # Report the file whose drop statement was rejected.
        message = error.diag.message_primary or ""
        paths = (it.path for it in plan.obsolete if any(drop in message for drop in it.drops))
        raise execute.refusal(next(paths, "objects"), error) from error


def _check_bodies(conn: Connection, files: Sequence[SqlFile]) -> None:
    checks = []
    try:
        with conn.pipeline():
            conn.execute("select set_config('check_function_bodies', 'on', true)")
            for file in files:
                names = [t.name for t in definitions.defined_by(file) if t.kind == "function"]
                if names:
                    checks.append((file, conn.execute(query("migrate/check_bodies"), {"names": names})))
    except psycopg.Error as error:
        rejected = (file.where for file, cursor in checks if cursor.statusmessage is None)
        raise execute.refusal(next(rejected, "objects"), error) from error
