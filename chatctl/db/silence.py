"""Connections that are given up when their server falls silent.

A server that works on a long statement is silent, too. So after a while a second connection asks whether the
server still answers anybody, and the first is given up if it does not. A command that writes does that for
its first answer only: a statement that builds an index for an hour must not end because the server is too
busy for new connections.
"""

from __future__ import annotations

import time
from typing import TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.waiting import Ready, Wait

from chatctl.db.conninfo import url_of
from chatctl.db.refusal import RefusalConnection
from chatctl.errors import Unavailable

SILENCE = 15.0  # seconds until the server is asked
ANSWER = 10  # seconds for its answer, and for the connection to it
LONGEST = 3600.0  # seconds in all: one process of a server may hang while others answer

_INTERVAL = 0.1  # seconds; how soon Ctrl-C is seen

T = TypeVar("T")


class WatchedConnection(RefusalConnection):
    """A connection that raises Unavailable, and is closed, when its server does not answer any more."""

    def wait(self, gen: PQGen[T], interval: float = _INTERVAL, timeout: float | None = None) -> T:
        return super().wait(self._watched(gen), interval, timeout)

    def _watched(self, gen: PQGen[T]) -> PQGen[T]:
        """The steps of ``gen``; between two, it is resumed about ten times a second, with nothing to read."""
        began = asked = time.monotonic()
        ready: Ready | int | None = None
        while True:
            try:
                need: Wait = gen.send(ready)  # type: ignore[arg-type]
            except StopIteration as end:
                result: T = end.value
                return result
            ready = yield need
            now = time.monotonic()
            if ready:
                began = asked = now
            elif now - began > LONGEST or (now - asked > SILENCE and not self._server_answers()):
                self.close()
                raise Unavailable(f"the database has not answered for {time.monotonic() - began:.0f} s")
            elif now - asked > SILENCE:
                asked = time.monotonic()

    def _server_answers(self) -> bool:
        try:
            with _Question.connect(url_of(self), autocommit=True, connect_timeout=ANSWER) as other:
                other.execute("select 1")
        except psycopg.Error as error:
            return error.sqlstate is not None  # a refusal, as for too many connections, is an answer
        return True


class UnansweredConnection(WatchedConnection):
    """A connection that is watched until its server has answered once."""

    _answered = False

    def wait(self, gen: PQGen[T], interval: float = _INTERVAL, timeout: float | None = None) -> T:
        if self._answered:
            return RefusalConnection.wait(self, gen, interval, timeout)
        result = super().wait(gen, interval, timeout)
        self._answered = True
        return result


class _Question(RefusalConnection):
    """A connection that does not wait long for anything."""

    def wait(self, gen: PQGen[T], interval: float = _INTERVAL, timeout: float | None = None) -> T:
        return super().wait(gen, interval, timeout or ANSWER)
