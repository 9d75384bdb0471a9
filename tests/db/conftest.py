"""Tests of the backend's SQL run on both PostgreSQL versions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chatctl.db.connection import Connection
from tests.support.world import Database


@pytest.fixture(params=[18, pytest.param(16, marks=pytest.mark.slow)], ids=["pg18", "pg16"])
def pg_version(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def postgres(bare_database: Database) -> Iterator[Connection]:
    """Connected as the role that migrations run as."""
    with bare_database.connect() as conn:
        yield conn


@pytest.fixture
def api(bare_database: Database) -> Iterator[Connection]:
    """Connected as PostgREST is."""
    with bare_database.connect("authenticator") as conn:
        yield conn
