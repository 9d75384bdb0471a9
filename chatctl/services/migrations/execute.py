"""Running the statements of one file, and naming what PostgreSQL refused of it."""

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

# Sent without waiting; the results of so many are kept.
_AT_ONCE = 500
_SHOWN_LINES = 6
_IN_A_TRANSACTION = "25001"  # what cannot run in one
_SYNTAX = "42601"
_SHOWN_CONTEXT_LINES = 3

# What a statement begins with that cannot stand in a file.
_UNFIT = frozenset(("begin", "start", "commit", "end", "rollback", "abort", "prepare", "copy"))


def run(session: FileSession, file: SqlFile) -> int:
    """Run ``file`` in the open transaction; how many milliseconds that took.

    Raises what ``refusal`` returns, with the line of the statement that PostgreSQL refused.
    """
    _refuse_unfit(file)
    start = time.perf_counter()
    # A savepoint that a file leaves open ends with one around it; else a later file could go back to it.
    leaves_savepoints = any(statement.first_word == "savepoint" for statement in file.statements)
    with session.conn.transaction() if leaves_savepoints else nullcontext():
        for first in range(0, len(file.statements), _AT_ONCE):
            last = first + _AT_ONCE >= len(file.statements)
            _send(session, file, file.statements[first : first + _AT_ONCE], last=last)
    return round((time.perf_counter() - start) * 1000)


def _send(session: FileSession, file: SqlFile, statements: Sequence[Statement], *, last: bool) -> None:
    cursors = []
    try:
        # One round trip, whatever the number of statements.
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
            # It is what comes after them; or nobody knows, since results were lost with the connection.
            raise refusal(file.where, error) from error
        raise refusal(file.where, error, statements[done]) from error


def _refuse_unfit(file: SqlFile) -> None:
    for statement in file.statements:
        if statement.first_word not in _UNFIT:
            continue
        if words := transaction_command(statement.text):
            raise Invalid(
                f"{file.where}:{statement.first_line}: `{words}` would end the transaction of the file",
                hint="leave it out: all that is pending is one transaction",
            )
        if copy_command(statement.text):
            raise Invalid(
                f"{file.where}:{statement.first_line}: copy from stdin needs a client that sends the rows",
                hint="write them as insert … values, or load them with psql",
            )


@contextmanager
def refusals(where: str) -> Iterator[None]:
    """Raise what ``refusal`` returns for what PostgreSQL refuses inside the block."""
    try:
        yield
    except psycopg.Error as error:
        raise refusal(where, error) from error


def refusal(where: str, error: psycopg.Error, statement: Statement | None = None) -> ChatctlError:
    """What PostgreSQL refused at ``where``, a file as a rule: Unavailable when it may pass, else Invalid."""
    diagnosis = error.diag
    said = reason(error)
    if error.sqlstate:
        said += f" [{error.sqlstate}]"
    context = first_lines(lines(diagnosis.context or ""), _SHOWN_CONTEXT_LINES)
    more = (diagnosis.message_detail, diagnosis.message_hint, _way_out(error, statement))
    hint = [*(presentable(text) for text in more if text), *context]
    if statement is not None:
        position = diagnosis.statement_position
        where += f":{statement.line_of(int(position)) if position else statement.first_line}"
        shown = lines(statement.text)[statement.first_line - statement.line :]
        hint += (f"| {line}" for line in first_lines(shown, _SHOWN_LINES))
    kind = Unavailable if is_temporary(error) else Invalid
    return kind(f"{where}: {said}", hint="\n".join(hint) or None)


def _way_out(error: psycopg.Error, statement: Statement | None) -> str | None:
    if error.sqlstate == _IN_A_TRANSACTION:
        return "put it into a file of its own, with the line `-- chatctl:no-transaction`"
    if error.sqlstate == _SYNTAX and statement and statement.text.startswith("\\"):
        return "commands that begin with \\ are psql's own, and no SQL: leave them out"
    return None
