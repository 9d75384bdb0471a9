"""Connecting to PostgreSQL, with errors of the server translated to chatctl's errors."""

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

# psycopg logs warnings in addition to raising errors; without a handler they would be printed to stderr.
logging.getLogger("psycopg").addHandler(logging.NullHandler())


def connect(
    url: str, *, application_name: str = "chatctl", autocommit: bool = True, watched: bool = False
) -> Connection:
    """An open connection to ``url``; its settings are those of the URL, the environment and the database.

    In autocommit mode by default, so that every transaction is a visible ``with conn.transaction()``. A
    ``watched`` connection is closed whenever the server stops responding, others only if it never responds;
    see ``silence``. Raises Invalid, Unavailable, NotAllowed or NotFound (the database); no message contains a
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
    """The backend process of ``conn``; behind a pooler it differs from ``conn.info.backend_pid``."""
    row = conn.execute("select pg_backend_pid()").fetchone()
    return int(row[0]) if row else 0


@contextmanager
def connection(url: str, *, application_name: str = "chatctl", watched: bool = False) -> Iterator[Connection]:
    """``connect`` as a context manager that also translates errors of PostgreSQL inside the block."""
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
