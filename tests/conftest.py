"""A real PostgreSQL per test process, and a clone of the migrated backend per test."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from typing import Any

import psycopg
import pytest
from psycopg import sql

from chatctl.db.connection import connection
from chatctl.local.postgres import throwaway
from chatctl.local.postgres.server import Server
from chatctl.services.migrations import migrate
from tests.support import places
from tests.support.forks import Forks
from tests.support.world import Database, World

_numbers = count(1)
_admins: dict[Server, psycopg.Connection[Any]] = {}  # who makes and drops the clones of a server

# A run in the background of a shell ignores Ctrl-C, and so would every command that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)
places.use()


@pytest.fixture(scope="session")
def servers() -> Iterator[Callable[[int], Server]]:
    """Start (once) the server of a major version, with the backend migrated into database ``backend``."""
    running: dict[int, Server] = {}
    throwaway.sweep()  # what tests that were killed have left
    with ExitStack() as stack:

        def start(version: int) -> Server:
            if version not in running:
                server = stack.enter_context(throwaway.server(version=version))
                admin = stack.enter_context(psycopg.connect(server.admin_url, autocommit=True))
                admin.execute("create database backend template postgres owner postgres")
                _admins[server] = admin
                with connection(server.url_for("postgres", "backend")) as conn:
                    migrate(conn)
                running[version] = server
            return running[version]

        yield start


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """Runs of ``python -m …`` that start at once."""
    with Forks() as forks:
        yield forks


@pytest.fixture
def pg_version() -> int:
    """The major version under test; tests/db runs with each."""
    return 18


@pytest.fixture
def server(servers: Callable[[int], Server], pg_version: int) -> Server:
    # Of function scope: a session's would be kept from a test of one version for a test of the other.
    return servers(pg_version)


def _clone(server: Server, template: str) -> Iterator[Database]:
    name = f"clone_{next(_numbers)}"
    words: dict[str, Any] = {"name": sql.Identifier(name), "template": sql.Identifier(template)}
    # file_copy: what wal_log leaves to be written is written when a clone is dropped, in as much time.
    make = sql.SQL("create database {name} template {template} owner postgres strategy file_copy")
    _admins[server].execute(make.format(**words))
    try:
        yield Database(server, name)
    finally:
        _admins[server].execute(sql.SQL("drop database {name} with (force)").format(**words))


@pytest.fixture
def database(server: Server) -> Iterator[Database]:
    """A database with the migrated backend, empty, for code that commits."""
    yield from _clone(server, "backend")


@pytest.fixture
def other_database(server: Server) -> Iterator[Database]:
    """Another one."""
    yield from _clone(server, "backend")


@pytest.fixture
def bare_database(server: Server) -> Iterator[Database]:
    """A database with the platform only: what ``migrate`` starts from."""
    yield from _clone(server, "postgres")


@pytest.fixture
def twin_database(server: Server) -> Iterator[Database]:
    """Another one like ``bare_database``, to compare with."""
    yield from _clone(server, "postgres")


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    """Organizations, people and conversations made through the API's own paths."""
    with World(database) as world:
        yield world
