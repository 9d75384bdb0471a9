"""Errors while connecting: a psycopg connection that also reads the SQLSTATE, and its translation."""

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
# "connection to server at … failed: FATAL:  …", where FATAL is in the language of the server
_SERVER_TEXT = re.compile(r".*? failed: \S+: {2}(?P<text>.*)", re.DOTALL)
_AFTER_A_SENTENCE = re.compile(r"(?<=[.:?])\n")
_PARAMETER_CLASSES = ("22", "42")  # an unknown setting, or an invalid value
# A message of libpq, which is not translated unless the program calls setlocale.
_INVALID_PARAMETER = re.compile(r"\binvalid [\w ]*value\b")


class RefusalConnection(psycopg.Connection[tuple[Any, ...]]):
    """A connection whose error has the server's SQLSTATE if the server rejects it.

    libpq and psycopg keep only the text, which is in the language of the server. The SQLSTATE is read from
    libpq's trace of the startup; this works on Linux only, elsewhere the error has no ``sqlstate``.
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
    """The ChatctlError for a failed connection. It repeats no parameters except host and port."""
    if error.sqlstate is None:
        lines = [_without_values(line) for line in str(error).split("\n") if line.strip()]
        reason = presentable(_AFTER_A_SENTENCE.sub(" ", "\n".join(lines)).replace("\n", "; "))
        if _INVALID_PARAMETER.search(reason):
            return Invalid(f"the URL of the database cannot be read: {reason}")
        return Unavailable(f"no connection to the database: {reason}")
    # libpq may have tried with and without encryption; use the last error.
    text = str(error).rpartition("\nconnection to server ")[2]
    server = _SERVER_TEXT.fullmatch(text)
    reason = presentable(" ".join((server["text"] if server else text).split()))
    kind = kind_of(error.sqlstate)
    if kind is NotFound:
        return NotFound(reason)
    if kind is NotAllowed:
        return NotAllowed(f"the database rejected the sign-in: {reason}")
    if error.sqlstate.startswith(_PARAMETER_CLASSES):
        setting = reason.partition(": ")[0]  # without the value
        return Invalid(f"the database rejected a connection parameter: {setting}")
    return Unavailable(f"no connection to the database: {reason}")


def _without_values(line: str) -> str:
    """A line of a libpq message, without quoted values except the host at its beginning."""
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
    """Trace libpq during the block; the result is complete when the block has ended."""
    trace = bytearray()
    if sys.platform != "linux":
        yield trace
        return
    # In memory, because it contains the password. psycopg leaks an unused C stream for each connection.
    file = os.memfd_create("libpq trace")
    pgconn.trace(file)
    try:
        yield trace
    finally:
        pgconn.untrace()  # flushes the trace
        trace += os.pread(file, os.fstat(file).st_size, 0)
        os.close(file)
