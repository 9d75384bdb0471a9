"""Running the statements of one file, and saying which of them PostgreSQL refused."""

from __future__ import annotations

import time

import psycopg

from chatctl.db.connection import Connection
from chatctl.db.statements import Statement
from chatctl.errors import Invalid
from chatctl.services.migrations.files import SqlFile
from chatctl.services.migrations.patience import limit

_SHOWN_LINES = 6


def run(conn: Connection, file: SqlFile, lock_timeout: float) -> int:
    """Run ``file`` in the open transaction; how many milliseconds that took.

    Raises Invalid naming file, line and statement when PostgreSQL refuses one; what may pass (a lock that is
    not had, a connection that ends) stays a psycopg.OperationalError.
    """
    start = time.perf_counter()
    cursors = []
    try:
        # One round trip for the file, whatever the number of its statements.
        with conn.pipeline():
            # A setting of the file before must not rule this one; the Supabase CLI does the same.
            conn.execute("reset all")
            limit(conn, lock_timeout)
            # Function bodies may name what a later file makes; they are read when all is there.
            conn.execute("select set_config('check_function_bodies', 'off', true)")
            for statement in file.statements:
                cursor = conn.cursor()
                cursors.append(cursor)
                cursor.execute(statement.text.encode())
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        done = sum(cursor.statusmessage is not None for cursor in cursors)
        raise refused(file, file.statements[done] if done < len(file.statements) else None, error) from error
    return round((time.perf_counter() - start) * 1000)


def refused(file: SqlFile, statement: Statement | None, error: psycopg.Error) -> Invalid:
    """The error for a statement of ``file`` that PostgreSQL refused."""
    reason = f"{error.diag.message_primary or ' '.join(str(error).split())} [{error.sqlstate}]"
    if statement is None:
        return Invalid(f"{file.where}: {reason}", hint=error.diag.message_hint)
    position = error.diag.statement_position
    line = statement.line_of(int(position)) if position else statement.first_line
    shown = statement.text.splitlines()[statement.first_line - statement.line :]
    if len(shown) > _SHOWN_LINES:
        shown = [*shown[:_SHOWN_LINES], "…"]
    said = (error.diag.message_detail, error.diag.message_hint)
    return Invalid(
        f"{file.where}:{line}: {reason}",
        hint="\n".join([*filter(None, said), *(f"| {text}" for text in shown)]),
    )
