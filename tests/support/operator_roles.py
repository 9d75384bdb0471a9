"""Login roles for tests, which belong to the whole server and so are dropped at the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from os import getpid

from psycopg import sql

from tests.support.world import Database

_numbers = count(1)


@contextmanager
def login_role(database: Database, name: str | None = None, attributes: str = "login") -> Iterator[str]:
    """A role that can log in and has been granted nothing. ``name`` is made unique."""
    name = f"{name or 'operator'}{getpid()}_{next(_numbers)}"
    role = sql.Identifier(name)
    with database.connect() as conn:
        conn.execute(sql.SQL("create role {} {}").format(role, sql.SQL(attributes)))
        try:
            yield name
        finally:
            with database.connect("supabase_admin") as admin:
                admin.execute(sql.SQL("drop owned by {}").format(role))
                admin.execute(sql.SQL("drop role {}").format(role))
