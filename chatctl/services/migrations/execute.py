"""Running the statements of one file, and reporting the statement that PostgreSQL rejects."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext

import psycopg

from chatctl.db.sqlstate import is_temporary, presentable, reason
from chatctl.errors import ChatctlError, Invalid, Unavailable
from chatctl.services.migrations.files import SqlFile, first_lines
from chatctl.services.migrations.session import FileSession
from chatctl.sqltext.commands import copy_command, transaction_command
from chatctl.sqltext.statements import Statement, lines

# Statements in one pipeline; their results are kept in memory.
_PIPELINE_SIZE = 500
_SHOWN_LINES = 6
_ACTIVE_TRANSACTION = "25001"
_SYNTAX_ERROR = "42601"
_SHOWN_CONTEXT_LINES = 3

# First words of statements that may not be allowed in a file.
_SUSPECT = frozenset(("begin", "start", "commit", "end", "rollback", "abort", "prepare", "copy"))


def run(session: FileSession, file: SqlFile) -> int:
    """Run ``file`` in the open transaction and return its duration in milliseconds.

    Raises the error of ``refusal``, with the line of the statement that PostgreSQL rejects.
    """
    _check_allowed(file)
    start = time.perf_counter()
    # An outer savepoint ends those that the file leaves open, so that later files cannot roll back to them.
    leaves_savepoints = any(statement.first_word == "savepoint" for statement in file.statements)
    with session.conn.transaction() if leaves_savepoints else nullcontext():
        for first in range(0, len(file.statements), _PIPELINE_SIZE):
            last = first + _PIPELINE_SIZE >= len(file.statements)
            _send(session, file, file.statements[first : first + _PIPELINE_SIZE], last=last)
    return round((time.perf_counter() - start) * 1000)


def _send(session: FileSession, file: SqlFile, statements: Sequence[Statement], *, last: bool) -> None:
    cursors = []
    try:
        # One round trip for all statements.
        with session.conn.pipeline():
            for statement in statements:
                cursor = session.conn.cursor()
                cursors.append(cursor)
                cursor.execute(statement.text.encode())
            if last:
                session.renew(after=file)
    except psycopg.Error as error:
        done = sum(cursor.statusmessage is not None for cursor in cursors)
        if done == len(statements) or (session.conn.broken and error.sqlstate is None):
            # `renew` failed, or the connection was lost with the results, so the statement is unknown.
            raise refusal(file.where, error) from error
        raise refusal(file.where, error, statements[done]) from error


def _check_allowed(file: SqlFile) -> None:
    for statement in file.statements:
        if statement.first_word not in _SUSPECT:
            continue
        if words := transaction_command(statement.text):
            raise Invalid(
                f"{file.where}:{statement.first_line}: `{words}` would end the transaction of the file",
                hint="remove it: all pending files run in one transaction",
            )
        if copy_command(statement.text):
            raise Invalid(
                f"{file.where}:{statement.first_line}: copy from stdin requires a client that sends the rows",
                hint="use insert … values, or load the rows with psql",
            )


@contextmanager
def refusals(where: str) -> Iterator[None]:
    """Convert errors of PostgreSQL inside the block with ``refusal``."""
    try:
        yield
    except psycopg.Error as error:
        raise refusal(where, error) from error


def refusal(where: str, error: psycopg.Error, statement: Statement | None = None) -> ChatctlError:
    """The error for a rejected statement at ``where``: Unavailable if a retry may help, else Invalid."""
    diagnosis = error.diag
    message = reason(error)
    if error.sqlstate:
        message += f" [{error.sqlstate}]"
    context = first_lines(lines(diagnosis.context or ""), _SHOWN_CONTEXT_LINES)
    more = (diagnosis.message_detail, diagnosis.message_hint, _advice(error, statement))
    hint = [*(presentable(text) for text in more if text), *context]
    if statement is not None:
        position = diagnosis.statement_position
        where += f":{statement.line_of(int(position)) if position else statement.first_line}"
        shown = lines(statement.text)[statement.first_line - statement.line :]
        hint += (f"| {line}" for line in first_lines(shown, _SHOWN_LINES))
    kind = Unavailable if is_temporary(error) else Invalid
    return kind(f"{where}: {message}", hint="\n".join(hint) or None)


def _advice(error: psycopg.Error, statement: Statement | None) -> str | None:
    if error.sqlstate == _ACTIVE_TRANSACTION:
        return "move it to a separate file with the line `-- chatctl:no-transaction`"
    if error.sqlstate == _SYNTAX_ERROR and statement and statement.text.startswith("\\"):
        return "commands that begin with \\ are psql commands, not SQL: remove them"
    return None
