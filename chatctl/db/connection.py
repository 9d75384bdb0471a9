"""Connecting to PostgreSQL, with the server's refusals turned into chatctl's errors."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from chatctl.db.conninfo import CONNECT_TIMEOUT, conninfo_for, parts_of, url_of
from chatctl.db.refusal import refusal
from chatctl.db.silence import UnansweredConnection, WatchedConnection
from chatctl.db.sqlstate import translate
from chatctl.settings.destination import Destination, Host

__all__ = [
    "CONNECT_TIMEOUT", "Connection", "backend_pid", "connect", "connection", "destination_of", "parts_of",
    "translated", "url_of",
]  # fmt: skip

Connection = psycopg.Connection[tuple[Any, ...]]

# psycopg warns of what it ignores while it raises the error itself; without a handler that lands on stderr.
logging.getLogger("psycopg").addHandler(logging.NullHandler())


def connect(
    url: str, *, application_name: str = "chatctl", autocommit: bool = True, watched: bool = False
) -> Connection:
    """An open connection to ``url``; its settings are those of the URL, the environment and the database.

    In autocommit by default, so that a transaction is always a visible ``with conn.transaction()``. One that
    is ``watched`` is given up whenever the server falls silent, others when it never answers; see
    ``silence``. Raises Invalid, Unavailable, NotAllowed or NotFound (the database); no message carries a
    password.
    """
    conninfo = conninfo_for(url, application_name)
    kind = WatchedConnection if watched else UnansweredConnection
    try:
        return kind.connect(conninfo, autocommit=autocommit)
    except psycopg.Error as error:
        raise refusal(error) from None


def destination_of(conn: Connection) -> Destination:
    """The host that ``conn`` is connected to, and its database."""
    info = conn.info
    return Destination((Host(info.host, info.hostaddr, str(info.port)),), info.dbname)


def backend_pid(conn: Connection) -> int:
    """The process that serves ``conn``; behind a pooler it is another than ``conn.info.backend_pid``."""
    row = conn.execute("select pg_backend_pid()").fetchone()
    return int(row[0]) if row else 0


@contextmanager
def connection(url: str, *, application_name: str = "chatctl", watched: bool = False) -> Iterator[Connection]:
    """``connect`` as a context manager that also translates what PostgreSQL refuses inside."""
    conn = connect(url, application_name=application_name, watched=watched)
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
