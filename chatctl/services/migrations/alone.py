"""A file that runs outside a transaction, and so may be left half done: seen, put right and run again."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import psycopg
from psycopg import sql

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.db.statements import bare
from chatctl.errors import Invalid
from chatctl.services.migrations import execute, history
from chatctl.services.migrations.files import SqlFile
from chatctl.services.migrations.history import Author
from chatctl.services.migrations.patience import patiently
from chatctl.services.migrations.steps import Step

_NAME = r'(?:"(?:[^"]|"")+"|[\w$.]+)+'
_CREATE = re.compile(
    rf"create (?:unique )?index concurrently (?:if not exists )?(?:(?!on )(?P<name>{_NAME}) )?"
    rf"on (?:only )?(?P<relation>{_NAME})",
    re.IGNORECASE,
)
_REINDEX = re.compile(
    rf"reindex (?:\(.*?\) ?)?(?:index|table) concurrently (?P<relation>{_NAME})", re.IGNORECASE
)
_DROP = re.compile(rf"drop index concurrently (?!if exists )(?P<relation>{_NAME})", re.IGNORECASE)


def run(
    conn: Connection,
    file: SqlFile,
    author: Author,
    *,
    deadline: float,
    lock_timeout: float,
    on_wait: Callable[[str], None],
) -> Step:
    """Run the one statement of ``file`` and record it; what a killed try has left is put right first.

    Raises Invalid when PostgreSQL refuses it, Conflict when a lock is not had within ``deadline`` seconds.
    """
    start = time.perf_counter()
    (statement,) = file.statements
    text = bare(statement.text)
    created = _CREATE.match(text)
    if created and not created["name"]:
        raise Invalid(
            f"{file.where}:{statement.first_line}: name the index",
            hint="one without a name could not be told from another when its making fails",
        )
    begun = str(file.version) in history.unfinished(conn)
    marked = {"version": file.version, "sha256": file.sha256, "actor": author.actor}
    conn.execute(query("migrate/begin_unfinished"), marked)

    # What is made concurrently waits in nobody's way, as long as it takes; anything else gives up in time.
    patience = deadline if " concurrently " in text.lower() else lock_timeout

    def attempt(_: object) -> None:
        _drop_leftovers(conn, text)
        if not (begun and _is_done(conn, text)):
            _execute(conn, file, patience)

    try:
        patiently(conn, attempt, deadline=deadline, on_wait=on_wait, in_transaction=False)
    except Invalid:
        _drop_leftovers(conn, text)
        conn.execute(query("migrate/end_unfinished"), {"version": file.version})
        raise
    milliseconds = round((time.perf_counter() - start) * 1000)
    with conn.transaction():
        history.record_version(conn, file, author, milliseconds)
        conn.execute(query("migrate/end_unfinished"), {"version": file.version})
    return Step("version", file.path, milliseconds)


def _execute(conn: Connection, file: SqlFile, patience: float) -> None:
    (statement,) = file.statements
    conn.execute("reset all")
    conn.execute("select set_config('lock_timeout', %s, false)", (f"{round(patience * 1000)}ms",))
    try:
        conn.execute(statement.text.encode())
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        raise execute.refused(file, statement, error) from error
    finally:
        if not conn.broken:
            conn.execute("reset all")


def _drop_leftovers(conn: Connection, text: str) -> None:
    """Drop the invalid indexes that a failed try of this statement has left."""
    match = _CREATE.match(text) or _REINDEX.match(text)
    if match is None:
        return
    name = match.groupdict().get("name")
    rows = conn.execute(
        query("migrate/leftover_indexes"), {"relation": match["relation"], "name": name}
    ).fetchall()
    for _, schema, index in rows:
        conn.execute(sql.SQL("drop index concurrently if exists {}").format(sql.Identifier(schema, index)))


def _is_done(conn: Connection, text: str) -> bool:
    """Whether the statement, begun before by a try that was killed, had come to its end."""
    if created := _CREATE.match(text):
        values = {"relation": created["relation"], "name": created["name"]}
        row = conn.execute(query("migrate/index_is_valid"), values).fetchone()
        return bool(row and row[0])
    if dropped := _DROP.match(text):
        row = conn.execute("select to_regclass(%s::text) is null", (dropped["relation"],)).fetchone()
        return bool(row and row[0])
    return False
