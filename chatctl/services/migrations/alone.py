"""A file that runs outside a transaction, and so may be left half done: seen, put right and run again."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psycopg
from psycopg import sql

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.errors import Invalid
from chatctl.services.migrations import execute, history
from chatctl.services.migrations.files import SqlFile
from chatctl.services.migrations.history import Author
from chatctl.services.migrations.patience import patiently
from chatctl.services.migrations.session import reset
from chatctl.services.migrations.steps import Step
from chatctl.sqltext.statements import bare

# Of so many parts, quoted or not; "a""b" is two.
_NAME = r'(?:"[^"]*+"|[\w$.]++){1,100}'
_CREATE = re.compile(
    rf"create (?:unique )?index concurrently (?:if not exists )?(?:(?!on )(?P<name>{_NAME}) )?"
    rf"on (?:only )?(?P<relation>{_NAME})",
    re.IGNORECASE,
)
_REINDEX = re.compile(
    rf"reindex (?:\([^)]*+\) ?)?(?:index|table) (?:concurrently )?(?P<relation>{_NAME})", re.IGNORECASE
)
_CONCURRENTLY = re.compile(r"\bconcurrently\b", re.IGNORECASE)
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
    mark = history.unfinished(conn).get(str(file.version))
    begun = mark is not None and mark.sha256 == file.sha256  # edited since, it says nothing
    marked = {"version": file.version, "sha256": file.sha256, "actor": author.actor}
    conn.execute(query("migrate/begin_unfinished"), marked)

    # What is made concurrently waits in nobody's way, as long as it takes; anything else gives up in time.
    patience = deadline if _CONCURRENTLY.search(text) else lock_timeout

    def attempt(_: object) -> None:
        with execute.refusals(file.where), _giving_up(conn, patience):
            _drop_leftovers(conn, text)
            if not (begun and _is_done(conn, text)):
                _execute(conn, file)

    try:
        patiently(conn, attempt, deadline=deadline, lock_timeout=None, on_wait=on_wait)
    except Invalid:
        # What cannot be dropped in time stays marked as unfinished, and the next run drops it.
        with suppress(psycopg.errors.LockNotAvailable), _giving_up(conn, lock_timeout):
            _drop_leftovers(conn, text)
            conn.execute(query("migrate/end_unfinished"), {"version": file.version})
        raise
    milliseconds = round((time.perf_counter() - start) * 1000)
    with execute.refusals(file.where), conn.transaction():
        history.record_version(conn, file, author, milliseconds)
        conn.execute(query("migrate/end_unfinished"), {"version": file.version})
    return Step("version", file.path, milliseconds)


@contextmanager
def _giving_up(conn: Connection, seconds: float) -> Iterator[None]:
    """Give up any lock that is not had within ``seconds``; no transaction ends this setting."""
    reset(conn)
    conn.execute("select set_config('lock_timeout', %s, false)", (f"{round(seconds * 1000)}ms",))
    try:
        yield
    finally:
        if not conn.broken:
            reset(conn)


def _execute(conn: Connection, file: SqlFile) -> None:
    (statement,) = file.statements
    try:
        conn.execute(statement.text.encode())
    except psycopg.Error as error:
        raise execute.refusal(file.where, error, statement) from error


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
