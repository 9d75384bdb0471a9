"""A real PostgreSQL for each test process, and a clone of the migrated backend for each test."""

from __future__ import annotations

import os
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
_admins: dict[Server, psycopg.Connection[Any]] = {}  # the role that creates and drops the clones

# Tests started in the background of a shell ignore SIGINT, and so would every command that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
places.use()

# Where these are set, commands ask for --actor, write a summary or use colours.
for _variable in ("CI", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "FORCE_COLOR"):
    os.environ.pop(_variable, None)


@pytest.fixture(scope="session")
def servers() -> Iterator[Callable[[int], Server]]:
    """Start the server of a major version (once) and migrate the backend into its database ``backend``."""
    running: dict[int, Server] = {}
    throwaway.sweep()  # servers that killed tests have left
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
    """Processes of ``python -m …`` that start without delay."""
    with Forks() as forks:
        yield forks


@pytest.fixture
def pg_version() -> int:
    """The major version under test; tests/db runs with every version."""
    return 18


@pytest.fixture
def server(servers: Callable[[int], Server], pg_version: int) -> Server:
    # Function scope: with session scope, a test of one version would get the server of the other.
    return servers(pg_version)


def _clone(server: Server, template: str) -> Iterator[Database]:
    name = f"clone_{next(_numbers)}"
    words: dict[str, Any] = {"name": sql.Identifier(name), "template": sql.Identifier(template)}
    # file_copy: wal_log only postpones the writes until the clone is dropped and saves no time.
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
    """Another database like ``database``."""
    yield from _clone(server, "backend")


@pytest.fixture
def bare_database(server: Server) -> Iterator[Database]:
    """A database with the platform only, as it is before ``migrate``."""
    yield from _clone(server, "postgres")


@pytest.fixture
def twin_database(server: Server) -> Iterator[Database]:
    """Another database like ``bare_database``, for comparison."""
    yield from _clone(server, "postgres")


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    """Creates organizations, people and conversations in the same way as the API."""
    with World(database) as world:
        yield world
