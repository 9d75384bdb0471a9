"""Running a file outside a transaction; leftovers of a failed attempt are cleaned up before a retry."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Literal

import psycopg
from psycopg import sql

from chatctl.db.connection import Connection
from chatctl.db.files import query, sql_statement
from chatctl.db.patience import limit_lock_waits, retry_lock_timeouts
from chatctl.errors import Invalid
from chatctl.services.migrations import execute, history
from chatctl.services.migrations.files import SqlFile
from chatctl.services.migrations.history import Author
from chatctl.services.migrations.lock import BLOCKED_HINT
from chatctl.services.migrations.session import reset
from chatctl.services.migrations.steps import MigrationStep
from chatctl.sqltext.reader import Reader
from chatctl.sqltext.tokens import Token, tokens


@dataclass(frozen=True)
class _IndexWork:
    """What a statement does to one index or all indexes of ``relation``, or to the index ``relation``."""

    action: Literal["create", "reindex", "drop"]
    relation: str
    name: str | None = None


def run(
    conn: Connection,
    file: SqlFile,
    author: Author,
    *,
    deadline: float,
    lock_timeout: float,
    on_wait: Callable[[str], None],
) -> MigrationStep:
    """Run the single statement of ``file`` and record it, after cleaning up what a killed attempt has left.

    Raises Invalid if PostgreSQL rejects it, Conflict if a lock is not acquired within ``deadline`` seconds.
    """
    start = time.perf_counter()
    (statement,) = file.statements
    statement_tokens = tokens(statement.text)
    work = _index_work(statement_tokens)
    if work and work.action == "create" and not work.name:
        raise Invalid(
            f"{file.where}:{statement.first_line}: name the index",
            hint="after a failure, an index without a name could not be identified",
        )
    mark = history.unfinished(conn).get(str(file.version))
    was_started = mark is not None and mark.sha256 == file.sha256  # ignored if the file was edited since
    parameters = {"version": file.version, "sha256": file.sha256, "actor": author.actor}
    conn.execute(sql_statement("migrate/begin_unfinished"), parameters)

    # CONCURRENTLY blocks nobody while it waits for locks; any other statement does, so it gives up sooner.
    concurrently = any(token.is_word("concurrently") for token in statement_tokens)
    timeout = deadline if concurrently else lock_timeout

    def attempt(_: object) -> None:
        with execute.refusals(file.where), _lock_timeout(conn, timeout):
            _drop_leftovers(conn, work)
            if not (was_started and _is_done(conn, work)):
                _execute(conn, file)

    try:
        retry_lock_timeouts(
            conn, attempt, deadline=deadline, lock_timeout=None, on_wait=on_wait, hint=BLOCKED_HINT
        )
    except Invalid:
        # If the leftovers cannot be dropped now, the file stays unfinished, and the next run drops them.
        with suppress(psycopg.errors.LockNotAvailable), _lock_timeout(conn, lock_timeout):
            _drop_leftovers(conn, work)
            conn.execute(sql_statement("migrate/end_unfinished"), {"version": file.version})
        raise
    milliseconds = round((time.perf_counter() - start) * 1000)
    with execute.refusals(file.where), conn.transaction():
        history.record_version(conn, file, author, milliseconds)
        conn.execute(sql_statement("migrate/end_unfinished"), {"version": file.version})
    return MigrationStep("version", file.path, milliseconds)


@contextmanager
def _lock_timeout(conn: Connection, seconds: float) -> Iterator[None]:
    """Set lock_timeout for the session, not for a transaction, inside the block."""
    reset(conn)
    limit_lock_waits(conn, seconds, session=True)
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


def _drop_leftovers(conn: Connection, work: _IndexWork | None) -> None:
    """Drop the invalid indexes that a failed attempt of this statement has left."""
    if work is None or work.action == "drop":
        return
    rows = conn.execute(
        query("migrate/leftover_indexes"), {"relation": work.relation, "name": work.name}
    ).fetchall()
    for _, schema, index in rows:
        conn.execute(sql.SQL("drop index concurrently if exists {}").format(sql.Identifier(schema, index)))


def _is_done(conn: Connection, work: _IndexWork | None) -> bool:
    """Whether the statement, started by an attempt that was killed, was completed."""
    if work is None or work.action == "reindex":
        return False
    if work.action == "create":
        values = {"relation": work.relation, "name": work.name}
        row = conn.execute(query("migrate/index_is_valid"), values).fetchone()
    else:
        row = conn.execute("select to_regclass(%s::text) is null", (work.relation,)).fetchone()
    return bool(row and row[0])


def _index_work(statement: Sequence[Token]) -> _IndexWork | None:
    """The work on indexes that a failed or killed attempt of ``statement`` may have left incomplete."""
    reader = Reader(statement)
    index = None
    match reader.take_one_of("create", "reindex", "drop"):
        case "create" as action:
            reader.take("unique")
            if not reader.take("index", "concurrently"):
                return None
            reader.take("if", "not", "exists")
            index = None if reader.take("on") else reader.name()
            if index and not reader.take("on"):
                return None
            reader.take("only")
        case "reindex" as action:
            if reader.take("("):
                reader.take_until(")")
            if not reader.take_one_of("index", "table"):
                return None
            reader.take("concurrently")
        case "drop" as action:
            if not reader.take("index", "concurrently") or reader.take("if", "exists"):
                return None
        case _:
            return None
    relation = reader.name()
    return _IndexWork(action, relation.sql, index.sql if index else None) if relation else None
