"""Connecting to PostgreSQL, with the server's refusals turned into chatctl's errors."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import psycopg.conninfo

from chatctl.db.sqlstate import translate
from chatctl.errors import ChatctlError, Invalid, NotAllowed, NotFound, Unavailable
from chatctl.settings import mask

Connection = psycopg.Connection[tuple[Any, ...]]

CONNECT_TIMEOUT = 10  # seconds

# psycopg warns of what it ignores while it raises the error itself; without a handler that lands on stderr.
logging.getLogger("psycopg").addHandler(logging.NullHandler())


def connect(url: str, *, application_name: str = "chatctl", autocommit: bool = True) -> Connection:
    """An open connection to ``url``.

    In autocommit by default, so that a transaction is always a visible ``with conn.transaction()``.
    Raises Invalid, Unavailable, NotAllowed or NotFound (the database); no message carries a password.
    """
    try:
        return psycopg.connect(
            url,
            autocommit=autocommit,
            application_name=application_name,
            connect_timeout=CONNECT_TIMEOUT,
            # Without the first a notice of a hostile server or a RAISE in a user's function ends up nowhere;
            # and psycopg reads times in ISO only, and text as it was agreed, whatever a database is set to.
            options="-c client_min_messages=warning -c datestyle=ISO",
            client_encoding="utf8",
        )
    except psycopg.OperationalError as error:
        raise _refusal(error) from None
    except psycopg.ProgrammingError as error:
        raise _unreadable(error) from None
    except psycopg.Error as error:
        raise translate(error) from None


def parts_of(url: str) -> dict[str, Any]:
    """Host, port and the like of ``url``. Raises Invalid for one that libpq cannot read."""
    try:
        return psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        raise _unreadable(error) from None


def backend_pid(conn: Connection) -> int:
    """The process that serves ``conn``; behind a pooler it is another than ``conn.info.backend_pid``."""
    row = conn.execute("select pg_backend_pid()").fetchone()
    return int(row[0]) if row else 0


def url_of(conn: Connection) -> str:
    """What connects once more as ``conn`` did, password included: keep it from logs."""
    return psycopg.conninfo.make_conninfo(conn.info.dsn, password=conn.info.password or None)


@contextmanager
def connection(url: str, *, application_name: str = "chatctl") -> Iterator[Connection]:
    """``connect`` as a context manager that also translates what PostgreSQL refuses inside."""
    conn = connect(url, application_name=application_name)
    try:
        with translated():
            yield conn
    finally:
        conn.close()


@contextmanager
def translated() -> Iterator[None]:
    """Turn a psycopg error inside the block into the ChatctlError of its SQLSTATE."""
    try:
        yield
    except psycopg.Error as error:
        raise translate(error) from error


def _unreadable(error: psycopg.ProgrammingError) -> Invalid:
    # libpq quotes what it cannot read, and that may be the password.
    reason = str(error).partition('"')[0].strip(" :\n")
    return Invalid(
        f"the URL of the database cannot be read: {reason}",
        hint="in a password write %25 for %, %40 for @, %2F for / and %3A for :",
    )


def _refusal(error: psycopg.OperationalError) -> ChatctlError:
    # libpq gives no SQLSTATE for a refused connection, only the server's sentence.
    text = mask(" ".join(str(error).split()))
    reason = text.rsplit("FATAL:", maxsplit=1)[-1].strip()
    if "password authentication failed" in text or "no password supplied" in text:
        return NotAllowed(f"the database refuses the sign-in: {reason}")
    if "connection is bad: invalid" in text or "Servname not supported" in text:
        return Invalid(f"the URL of the database cannot be read: {reason}")
    if "does not exist" in text and "database" in reason:
        return NotFound(reason)
    if "does not exist" in text and "role" in reason:
        return NotAllowed(f"the database refuses the sign-in: {reason}")
    return Unavailable(f"no connection to the database: {reason}")
