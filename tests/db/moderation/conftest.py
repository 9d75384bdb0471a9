"""A role of an operator, and its connection."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chatctl.db.connection import Connection
from tests.support.operator_roles import grant, login_role
from tests.support.world import Database


@pytest.fixture
def role(database: Database) -> Iterator[str]:
    """A login role that was granted the rights of an operator."""
    with login_role(database) as name, database.connect() as conn:
        grant(conn, name)
        yield name


@pytest.fixture
def operator(database: Database, role: str) -> Iterator[Connection]:
    """A connection of that role."""
    with database.connect(role) as conn:
        yield conn
