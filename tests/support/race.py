"""Many sessions that do something at the same time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Barrier
from typing import Any

import psycopg

from chatctl.db.connection import Connection
from tests.support.world import Database


def race(database: Database, size: int, act: Callable[[Connection, int], Any]) -> list[Any]:
    """Run ``act(connection, number)`` in ``size`` concurrent sessions of the API: results or errors."""
    return _race(database, "authenticator", size, act)


def race_operators(database: Database, size: int, act: Callable[[Connection, int], Any]) -> list[Any]:
    """The same with sessions of operators."""
    return _race(database, "postgres", size, act)


def _race(database: Database, role: str, size: int, act: Callable[[Connection, int], Any]) -> list[Any]:
    with ExitStack() as stack:
        connections = [stack.enter_context(database.connect(role)) for _ in range(size)]
        barrier = Barrier(size)

        def run(number: int) -> Any:
            barrier.wait()
            try:
                return act(connections[number], number)
            except psycopg.Error as error:
                return error

        with ThreadPoolExecutor(size) as pool:
            return list(pool.map(run, range(size)))


def refusals(outcomes: list[Any]) -> list[psycopg.Error]:
    """The outcomes that are errors."""
    return [outcome for outcome in outcomes if isinstance(outcome, psycopg.Error)]
