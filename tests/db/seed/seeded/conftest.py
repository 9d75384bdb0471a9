"""A seeded database: in a transaction that is rolled back, or a copy for tests that commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count

import psycopg
import pytest

from chatctl.db.connection import Connection
from chatctl.local.postgres.server import Server
from tests.support import seeded
from tests.support.seeded import (
    Seeded,
)
from tests.support.world import Database

_numbers = count(1)


@pytest.fixture(scope="module")
def worlds(servers: Callable[[int], Server]) -> Iterator[Callable[[int], Seeded]]:
    """The seeded database of a major version, created on first use."""
    created: dict[int, Seeded] = {}
    with ExitStack() as stack:

        def world(version: int) -> Seeded:
            if version not in created:
                created[version] = stack.enter_context(seeded.worlds(servers(version)))
            return created[version]

        yield world


@pytest.fixture
def world(worlds: Callable[[int], Seeded], pg_version: int) -> Seeded:
    return worlds(pg_version)


@pytest.fixture
def conn(world: Seeded) -> Iterator[Connection]:
    """A transaction in the seeded database, rolled back at the end."""
    with world.database.connect() as conn, conn.transaction(force_rollback=True):
        yield conn


@pytest.fixture
def copy(world: Seeded) -> Iterator[Database]:
    """A copy of the seeded database, for tests that commit."""
    with seeded.copied(world.database, f"copy_{next(_numbers)}") as database:
        yield database


@pytest.fixture(params=["replica", "owner"])
def path(request: pytest.FixtureRequest, server: Server) -> Iterator[str]:
    """Triggers are disabled for the session or, if that is not allowed, on our own tables."""
    if request.param == "replica":
        yield "replica"
        return
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        admin.execute("revoke set on parameter session_replication_role from postgres")
        try:
            yield "owner"
        finally:
            admin.execute("grant set on parameter session_replication_role to postgres")
