"""Applying objects: what changed, each after what it needs, and dropping what no file makes any more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import psycopg

from chatctl.db.connection import Connection
from chatctl.db.files import query, sql_statement
from chatctl.errors import Invalid
from chatctl.services.migrations import execute, made
from chatctl.services.migrations.files import SqlFile
from chatctl.services.migrations.history import Author, record_object
from chatctl.services.migrations.made import drops, in_order
from chatctl.services.migrations.plan import MigrationPlan, lost
from chatctl.services.migrations.session import FileSession
from chatctl.services.migrations.steps import MigrationStep

_NOT_THERE_YET = (
    psycopg.errors.UndefinedTable,
    psycopg.errors.UndefinedColumn,
    psycopg.errors.UndefinedFunction,
    psycopg.errors.UndefinedObject,
    psycopg.errors.InvalidSchemaName,
)


def granted_tables(conn: Connection, plan: MigrationPlan) -> dict[str, int | None]:
    """The tables that object files grant privileges on, by name, and which ones those are now (oid)."""
    names = sorted({name for file in plan.everything for name in made.granted_tables(file)})
    return dict(conn.execute(query("migrate/oids"), {"names": names}).fetchall())


def apply_objects(
    session: FileSession, plan: MigrationPlan, author: Author, *, tables: dict[str, int | None]
) -> Iterator[MigrationStep]:
    """Apply what changed and what a version took away, drop what is obsolete; each file as it is done.

    ``tables`` are the ``granted_tables`` before the versions ran: another table of the same name has none of
    the privileges that were granted and revoked.
    """
    conn = session.conn
    if plan.obsolete:
        _want(conn, plan.everything)
        _run(conn, plan, "migrate/find_obsolete")
    changed = {file.path for file in plan.objects}
    unchanged = [file for file in plan.everything if file.path not in changed]
    taken = lost(conn, {file.path: made.made(file) for file in unchanged})
    if plan.versions:
        other = {name for name, oid in granted_tables(conn, plan).items() if tables.get(name) != oid}
        taken |= {file.path for file in unchanged if not other.isdisjoint(made.granted_tables(file))}
    waiting = in_order([file for file in plan.everything if file.path in changed | taken])
    yield from _apply_all(session, waiting, author)
    if plan.obsolete:
        _run(conn, plan, "migrate/drop_obsolete")
        yield from (MigrationStep("drop", it.path, 0) for it in plan.obsolete)
    # A file that drops with cascade takes along what other files make.
    vanished = lost(conn, {file.path: made.made(file) for file in plan.everything})
    yield from _apply_all(session, [file for file in plan.everything if file.path in vanished], author)
    _read_bodies(conn, waiting)


def _apply_all(session: FileSession, files: Sequence[SqlFile], author: Author) -> Iterator[MigrationStep]:
    # One that names what is not there yet waits for the next round, until a round changes nothing.
    waiting = list(files)
    while waiting:
        deferred: list[SqlFile] = []
        for file in waiting:
            try:
                with session.conn.transaction(), execute.refusals(file.where):
                    milliseconds = execute.run(session, file)
                    record_object(session.conn, file, author)
            except Invalid as error:
                deferred.append(file)
                if not isinstance(error.__cause__, _NOT_THERE_YET) or len(deferred) == len(waiting):
                    raise
            else:
                yield MigrationStep("object", file.path, milliseconds)
        waiting = deferred


def _want(conn: Connection, files: Sequence[SqlFile]) -> None:
    conn.execute(sql_statement("migrate/wanted"))
    with conn.pipeline():
        for file in files:
            conn.execute(
                sql_statement("migrate/want"),
                {"path": file.path, "sha256": file.sha256, "drops": drops(file)},
            )


def _run(conn: Connection, plan: MigrationPlan, name: str) -> None:
    try:
        conn.execute(sql_statement(name))
    except psycopg.Error as error:
        # What they take back is named by the files, and refused for what the files say.
        message = error.diag.message_primary or ""
        paths = (it.path for it in plan.obsolete if any(drop in message for drop in it.drops))
        raise execute.refusal(next(paths, "objects"), error) from error


def _read_bodies(conn: Connection, files: Sequence[SqlFile]) -> None:
    asked = []
    try:
        with conn.pipeline():
            conn.execute("select set_config('check_function_bodies', 'on', true)")
            for file in files:
                names = [t.name for t in made.made(file) if t.kind == "function"]
                if names:
                    asked.append((file, conn.execute(query("migrate/check_bodies"), {"names": names})))
    except psycopg.Error as error:
        refused = (file.where for file, cursor in asked if cursor.statusmessage is None)
        raise execute.refusal(next(refused, "objects"), error) from error
