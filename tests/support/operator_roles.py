"""Login roles for tests, which belong to the whole server and so are dropped at the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from os import getpid

from psycopg import sql

from chatctl.db.connection import Connection, translated
from chatctl.services.moderation import operator_roles
from chatctl.services.moderation.operator_roles import OperatorRole, OperatorVerb
from chatctl.services.moderation.operators import OperatorAct
from chatctl.services.moderation.results import ActionResult
from tests.support.world import Database

ACT = OperatorAct("ann@example.test", "spam", "T-1")
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


def change(conn: Connection, verb: OperatorVerb, role: str, *, dry_run: bool = False) -> ActionResult:
    with translated():
        return operator_roles.change(conn, verb, role, ACT, dry_run=dry_run, on_wait=print)


def grant(conn: Connection, role: str) -> None:
    change(conn, OperatorVerb.grant, role)


def of(conn: Connection, role: str) -> OperatorRole | None:
    return next((each for each in operator_roles.roles(conn) if each.name == role), None)
