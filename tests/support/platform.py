"""Databases with and without the platform of Supabase."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import psycopg

from chatctl.db.connection import Connection
from chatctl.local.postgres.server import Server
from tests.support.world import Database

_numbers = count(1)


def value(conn: Connection, statement: str, *parameters: Any) -> Any:
    row = conn.execute(statement.encode(), parameters or None).fetchone()
    assert row
    return row[0]


@contextmanager
def empty_database(server: Server) -> Iterator[Database]:
    """A database without the platform, in a cluster that has its roles."""
    name = f"empty_{next(_numbers)}"
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        admin.execute(f"create database {name} template template0".encode())
        try:
            yield Database(server, name)
        finally:
            admin.execute(f"drop database {name} with (force)".encode())


def columns(database: Database, *, defaults: bool = True) -> dict[tuple[str, str], tuple[Any, ...]]:
    """Type, nullability, default and generation of the columns of users, identities, buckets and objects."""
    with database.connect("supabase_admin") as conn:
        rows = conn.execute(
            """
            select attrelid::regclass::text, attname, format_type(atttypid, null), attnotnull, attgenerated,
                   case when %s and attgenerated = '' then pg_get_expr(adbin, adrelid) end
            from pg_attribute
            left join pg_attrdef on adrelid = attrelid and adnum = attnum
            where attrelid in (
                'auth.users'::regclass, 'auth.identities'::regclass,
                'storage.buckets'::regclass, 'storage.objects'::regclass
              )
              and attnum > 0 and not attisdropped
            """,
            (defaults,),
        ).fetchall()
    return {(table, column): tuple(rest) for table, column, *rest in rows}


def insert_user(conn: Connection, email: str | None = None) -> UUID:
    user = uuid4()
    conn.execute("insert into auth.users (id, email) values (%s, %s)", (user, email))
    return user
