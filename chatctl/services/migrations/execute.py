"""Running the statements of one file, and saying which of them PostgreSQL refused."""

from __future__ import annotations

import re
import time

import psycopg

from chatctl.db.connection import Connection
from chatctl.db.statements import Statement, bare, lines, masked
from chatctl.errors import Invalid
from chatctl.services.migrations.files import SqlFile
from chatctl.services.migrations.patience import limit

_SHOWN_LINES = 6
_TRANSACTION = re.compile(
    r"(?:begin|start transaction|commit|end|rollback|abort)\b(?! to\b)(?! prepared\b)[\w ,]*+"
    r"|prepare transaction .*+",
    re.IGNORECASE | re.DOTALL,
)
_COPY = re.compile(r"copy\b", re.IGNORECASE)
_STREAM = re.compile(r" (?:from stdin|to stdout)\b", re.IGNORECASE)
# What either of them begins with.
_UNFIT = frozenset(("begin", "start", "commit", "end", "rollback", "abort", "prepare", "copy"))


def run(conn: Connection, file: SqlFile, lock_timeout: float) -> int:
    """Run ``file`` in the open transaction; how many milliseconds that took.

    Raises Invalid naming file, line and statement when PostgreSQL refuses one; what may pass (a lock that is
    not had, a connection that ends) stays a psycopg.OperationalError.
    """
    _refuse_unfit(file)
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


def _refuse_unfit(file: SqlFile) -> None:
    for statement in file.statements:
        if statement.first_word not in _UNFIT:
            continue
        text = bare(statement.text)
        if _TRANSACTION.fullmatch(text):
            raise Invalid(
                f"{file.where}:{statement.first_line}: `{text}` would end the transaction of the file",
                hint="leave it out: all that is pending is one transaction",
            )
        if _COPY.match(text) and _STREAM.search(masked(text)):
            raise Invalid(
                f"{file.where}:{statement.first_line}: copy from stdin needs a client that sends the rows",
                hint="write them as insert … values, or load them with psql",
            )


def refused(file: SqlFile, statement: Statement | None, error: psycopg.Error) -> Invalid:
    """The error for a statement of ``file`` that PostgreSQL refused."""
    reason = f"{error.diag.message_primary or ' '.join(str(error).split())} [{error.sqlstate}]"
    if statement is None:
        return Invalid(f"{file.where}: {reason}", hint=error.diag.message_hint)
    position = error.diag.statement_position
    line = statement.line_of(int(position)) if position else statement.first_line
    shown = lines(statement.text)[statement.first_line - statement.line :]
    if len(shown) > _SHOWN_LINES:
        shown = [*shown[:_SHOWN_LINES], "…"]
    said = (error.diag.message_detail, error.diag.message_hint)
    return Invalid(
        f"{file.where}:{line}: {reason}",
        hint="\n".join([*filter(None, said), *(f"| {text}" for text in shown)]),
    )
