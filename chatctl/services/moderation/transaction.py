"""The transaction of an act: retried after lock timeouts and deadlocks, rolled back for a dry run."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg

from chatctl import __version__
from chatctl.db.connection import Connection
from chatctl.db.files import sql_statement
from chatctl.db.patience import limit_lock_waits, retry_lock_timeouts
from chatctl.errors import NotFound

LOCK_TIMEOUT = 0.3  # seconds; people's own writes wait behind an act that waits
DEADLINE = 30.0  # seconds

# What the log says about the program that acted.
_CLIENT = f"chatctl {__version__} on {socket.gethostname()}"[:63]


def run(
    conn: Connection,
    statement: str,
    parameters: Mapping[str, Any],
    *,
    dry_run: bool,
    on_wait: Callable[[str], None],
) -> list[tuple[Any, ...]]:
    """The rows of ``sql/statements/moderation/<statement>.sql``, run in a transaction of its own.

    With ``dry_run`` it is rolled back. Raises NotFound if the database has no functions for operators.
    """

    text = sql_statement(f"moderation/{statement}")

    def attempt(_: object) -> list[tuple[Any, ...]]:
        with conn.transaction(force_rollback=dry_run):
            limit_lock_waits(conn, LOCK_TIMEOUT)
            conn.execute("select set_config('application_name', %s, true)", (_CLIENT,))
            return conn.execute(text, parameters).fetchall()

    with migrated():
        return _retried(conn, attempt, on_wait)


@contextmanager
def migrated() -> Iterator[None]:
    """Raise NotFound if the block uses tables or functions for operators that the database does not have."""
    try:
        yield
    except (
        psycopg.errors.InvalidSchemaName,
        psycopg.errors.UndefinedTable,
        psycopg.errors.UndefinedColumn,
        psycopg.errors.UndefinedFunction,
    ) as error:
        raise NotFound(
            "this database is missing what operators need", hint="run `chatctl migrate` first"
        ) from error


def _retried(
    conn: Connection, attempt: Callable[[object], list[tuple[Any, ...]]], on_wait: Callable[[str], None]
) -> list[tuple[Any, ...]]:
    return retry_lock_timeouts(
        conn,
        attempt,
        deadline=DEADLINE,
        lock_timeout=LOCK_TIMEOUT,
        on_wait=on_wait,
        hint="nothing was changed; try again when the other session has finished",
    )
