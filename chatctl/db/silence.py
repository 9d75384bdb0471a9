"""Connections that are closed if their server stops responding.

A server that runs a long statement does not respond, either. Therefore, after a while, a second connection
checks whether the server still responds, and if not, the first one is closed. Commands that write do this
only for the first response: building an index for an hour must not fail because the server is too busy to
accept connections.
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

SILENCE = 15.0  # seconds until the check
ANSWER = 10  # seconds for the response to the check, and for its connection
LONGEST = 3600.0  # seconds in total: one backend may hang while others respond

_INTERVAL = 0.1  # seconds; the maximum delay of Ctrl-C

T = TypeVar("T")


class WatchedConnection(RefusalConnection):
    """A connection that raises Unavailable, and is closed, if its server stops responding."""

    def wait(self, gen: PQGen[T], interval: float = _INTERVAL, timeout: float | None = None) -> T:
        return super().wait(self._watched(gen), interval, timeout)

    def _watched(self, gen: PQGen[T]) -> PQGen[T]:
        """The steps of ``gen``; between two, it is resumed about ten times a second, with nothing to read."""
        last_response = last_check = time.monotonic()
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
                last_response = last_check = now
            elif now - last_response > LONGEST or (
                now - last_check > SILENCE and not self._server_responds()
            ):
                self.close()
                raise Unavailable(
                    f"the database has not responded for {time.monotonic() - last_response:.0f} s"
                )
            elif now - last_check > SILENCE:
                last_check = time.monotonic()

    def _server_responds(self) -> bool:
        try:
            with _ProbeConnection.connect(url_of(self), autocommit=True, connect_timeout=ANSWER) as other:
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


class _ProbeConnection(RefusalConnection):
    """A connection with a short timeout for every operation."""

    def wait(self, gen: PQGen[T], interval: float = _INTERVAL, timeout: float | None = None) -> T:
        return super().wait(gen, interval, timeout or ANSWER)
