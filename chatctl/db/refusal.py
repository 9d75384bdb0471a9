"""Why a connection was refused: psycopg's connection, which also finds out the SQLSTATE; what that means."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import psycopg
from psycopg import pq
from psycopg.abc import PQGenConn
from psycopg.waiting import Wait

from chatctl.db.sqlstate import kind_of, presentable
from chatctl.errors import ChatctlError, Invalid, NotAllowed, NotFound, Unavailable
from chatctl.settings.destination import without_values

_WAITS = {pq.PollingStatus.READING: Wait.R, pq.PollingStatus.WRITING: Wait.W}
_NO_PASSWORD = psycopg.errors.InvalidPassword.sqlstate
_TRACED_ERROR = re.compile(rb'\tErrorResponse\t.*? C "([0-9A-Z]{5})"')
# "connection to server at … failed: FATAL:  …", with the word for FATAL in the language of the server
_SERVER_TEXT = re.compile(r".*? failed: \S+: {2}(?P<text>.*)", re.DOTALL)
_PARAMETER_CLASSES = ("22", "42")  # a setting that the server does not know, or not with this value
# libpq's own text, which it does not translate unless the program asks for that.
_INVALID_PARAMETER = re.compile(r"\binvalid [\w ]*value\b")


class RefusalConnection(psycopg.Connection[tuple[Any, ...]]):
    """A connection whose error, where the server refuses it, is that of the server's SQLSTATE.

    libpq and psycopg keep only the text, which is in the language of the server. The code is read from
    libpq's trace of the start-up; that exists on Linux, and elsewhere the error has no ``sqlstate``.
    """

    @classmethod
    def _connect_gen(cls, conninfo: str = "", **_: Any) -> PQGenConn[Self]:
        pgconn = pq.PGconn.connect_start(conninfo.encode())
        with _trace_of(pgconn) as trace:
            while pgconn.status != pq.ConnStatus.BAD:
                state = pq.PollingStatus(pgconn.connect_poll())
                if state == pq.PollingStatus.OK:
                    pgconn.nonblocking = 1
                    return cls(pgconn)
                if state == pq.PollingStatus.FAILED:
                    break
                while not (yield pgconn.socket, _WAITS[state]):
                    pass
        codes = _TRACED_ERROR.findall(trace)
        code = codes[-1].decode() if codes else _NO_PASSWORD if pgconn.needs_password else None
        text = pgconn.get_error_message()
        pgconn.finish()
        raise _error(code, text)


def refusal(error: psycopg.Error) -> ChatctlError:
    """The ChatctlError for a connection that was not made. It repeats no parameter but host and port."""
    if error.sqlstate is None:
        reason = presentable(" ".join(map(_without_values, str(error).split("\n"))))
        if _INVALID_PARAMETER.search(reason):
            return Invalid(f"the URL of the database cannot be read: {reason}")
        return Unavailable(f"no connection to the database: {reason}")
    # libpq may have tried with and without encryption; the last answer decides.
    text = str(error).rpartition("\nconnection to server ")[2]
    server = _SERVER_TEXT.fullmatch(text)
    reason = presentable(" ".join((server["text"] if server else text).split()))
    kind = kind_of(error.sqlstate)
    if kind is NotFound:
        return NotFound(reason)
    if kind is NotAllowed:
        return NotAllowed(f"the database refuses the sign-in: {reason}")
    if error.sqlstate.startswith(_PARAMETER_CLASSES):
        setting = reason.partition(": ")[0]  # without the value that it cannot have
        return Invalid(f"the database refuses a parameter of the connection: {setting}")
    return Unavailable(f"no connection to the database: {reason}")


def _without_values(line: str) -> str:
    """A line of libpq's, with nothing quoted but the host at its beginning."""
    place, failed, reason = line.strip().rpartition(" failed: ")
    return f"{place}{failed}{without_values(reason)}"


def _error(code: str | None, text: str) -> psycopg.Error:
    try:
        return psycopg.errors.lookup(code or "")(text)
    except KeyError:
        error = psycopg.OperationalError(text)
        error.sqlstate = code
        return error


@contextmanager
def _trace_of(pgconn: pq.abc.PGconn) -> Iterator[bytearray]:
    """Give what libpq traces during the block; it is there when the block has ended."""
    trace = bytearray()
    if sys.platform != "linux":
        yield trace
        return
    # In memory, since it has the password, too. Of each connection, psycopg leaves an unused C stream behind.
    file = os.memfd_create("libpq trace")
    pgconn.trace(file)
    try:
        yield trace
    finally:
        pgconn.untrace()  # writes what is left to write
        trace += os.pread(file, os.fstat(file).st_size, 0)
        os.close(file)
