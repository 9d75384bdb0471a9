"""Small worlds created by ``seed`` next to data of others, for tests that roll everything back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from chatctl.db.connection import Connection
from chatctl.db.roles import act_as, claims_for
from chatctl.local.postgres.server import Server
from chatctl.services.seed import runs
from chatctl.services.seed.loading import LoadOptions, load
from chatctl.services.seed.outline import build
from chatctl.services.seed.runs import SeedRun
from chatctl.services.seed.spec import Habits, Spec, Talk, Team
from tests.support.world import Database, World

# It contains many rows of every kind, a trio that is too small if one leaves, and a guest in each team.
SMALL = Spec(
    name="small",
    messages=420,
    visits=True,
    habits=Habits(attachments=0.2, reactions=0.3, edits=0.1, deletions=0.15),
    organizations=(
        Team(
            name="North",
            slug="north",
            users=9,
            admins=1,
            conversations=(
                Talk(name="Everyone", size=(9, 9)),
                Talk(name="Trio", size=(3, 3), messages=40),
                Talk(count=2, size=(4, 5)),
                Talk(direct=True, count=4),
            ),
        ),
        Team(
            name="South",
            slug="south",
            users=7,
            admins=1,
            conversations=(Talk(count=2, size=(4, 6)), Talk(direct=True, count=3)),
        ),
    ),
)

TABLES = """
select format('%I.%I', n.nspname, c.relname)
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where n.nspname in ('public', 'private', 'auth', 'storage') and c.relkind in ('r', 'p')
order by 1
"""

Rows = dict[str, frozenset[str]]

_numbers = count(1)


@dataclass(frozen=True)
class Seeded:
    """A database with data of others, then the world of seed 2, then that of seed 1.

    ``before_seeds`` are the rows before the first seed, ``before_seed_1`` those before seed 1.
    """

    database: Database
    before_seeds: Rows
    before_seed_1: Rows


@contextmanager
def worlds(server: Server) -> Iterator[Seeded]:
    """``SMALL`` twice in a database of ``server``, without real files; dropped at the end."""
    name = f"seeded_{next(_numbers)}"
    with copied(Database(server, "backend"), name) as database:
        with World(database) as world, database.connect() as conn:
            _talk(world)
            before_seeds = rows(conn)
            load(conn, build(SMALL, 2), LoadOptions(storage_rows=True, allow_other_rows=True))
            before_seed_1 = rows(conn)
            load(conn, build(SMALL, 1), LoadOptions(storage_rows=True, allow_other_rows=True))
        yield Seeded(database, before_seeds, before_seed_1)


@contextmanager
def copied(template: Database, name: str) -> Iterator[Database]:
    """A copy of ``template``, to which nobody may be connected; for code that commits."""
    words: dict[str, Any] = {"name": sql.Identifier(name), "template": sql.Identifier(template.name)}
    with psycopg.connect(template.server.admin_url, autocommit=True) as admin:
        admin.execute(sql.SQL("create database {name} template {template} owner postgres").format(**words))
        try:
            yield Database(template.server, name)
        finally:
            admin.execute(sql.SQL("drop database {name} with (force)").format(**words))


def _talk(world: World) -> None:
    organization, (ann, ben, cem) = world.team(3)
    for conversation in (world.direct(organization, ann, ben), world.group(organization, cem, ann, ben)):
        message = world.send(ann, conversation)
        world.value(ben, "select toggle_reaction(%s, '👍')", message)
        path = f"{organization}/chat/{conversation}/{conversation}_100%_of\\it.png"
        statement = "insert into storage.objects (bucket_id, name, owner_id) values ('attachments', %s, %s)"
        world.rows(ann, statement, path, str(ann))
    # Code that reads the bucket must handle these names.
    for name in ("", "/", "%/chat/%/x", "null/chat/null/x", f"a/chat/{conversation}/b", "x" * 900):
        world.rows(None, statement, name, None, role="service_role")


def rows(conn: Connection) -> Rows:
    """All rows of our own tables and those of Auth and Storage, as text."""
    return {
        table: frozenset(text for (text,) in conn.execute(f"select t::text from {table} t"))
        for (table,) in conn.execute(TABLES).fetchall()
    }


def less(have: Rows, known: Rows) -> Rows:
    """The rows of ``have`` that ``known`` does not have, by table; tables without any are left out."""
    return {table: more for table, it in have.items() if (more := it - known.get(table, frozenset()))}


def run_of(conn: Connection, seed: int = 1) -> SeedRun:
    run = runs.find(conn, SMALL.name, seed)
    assert run
    return run


def value(conn: Connection, statement: str, *values: Any) -> Any:
    """The first column of the first row, None without rows."""
    cursor = conn.execute(statement.encode(), values or None)
    row = cursor.fetchone() if cursor.description else None
    return row[0] if row else None


def column(conn: Connection, statement: str, *values: Any) -> list[Any]:
    """The first column of every row."""
    return [row[0] for row in conn.execute(statement.encode(), values or None)]


@contextmanager
def acting(conn: Connection, user: UUID) -> Iterator[Connection]:
    """Act as ``user`` with the role of the API inside the block; an outer transaction continues after it."""
    with conn.transaction():
        act_as(conn, "authenticated", claims_for(user))
        yield conn
        conn.execute("select set_config('role', 'none', true), set_config('request.jwt.claims', '', true)")


def as_user(conn: Connection, user: UUID, statement: str, *values: Any) -> Any:
    """The first column of the first row that a statement returns to ``user``."""
    with acting(conn, user):
        return value(conn, statement, *values)


def north(conn: Connection) -> UUID:
    return UUID(str(value(conn, "select id from organizations where slug = 'north'")))


def trio(conn: Connection) -> UUID:
    statement = "select id from conversations where organization_id = %s and name ~ '^Trio'"
    return UUID(str(value(conn, statement, north(conn))))


def founder(conn: Connection) -> UUID:
    return UUID(str(value(conn, "select created_by from conversations where id = %s", trio(conn))))


def others_of_trio(conn: Connection) -> list[UUID]:
    """The two participants who did not create the trio."""
    statement = """
    select p.user_id from conversation_participants p join conversations c on c.id = p.conversation_id
    where c.id = %s and p.user_id <> c.created_by order by 1
    """
    return column(conn, statement, trio(conn))


def colleague(conn: Connection) -> UUID:
    """A member of the north without a special role who is not in the trio."""
    statement = """
    select m.user_id from organization_members m
    where m.organization_id = %s and m.role = 'member'
      and m.user_id not in (select user_id from conversation_participants where conversation_id = %s)
    order by 1 limit 1
    """
    return UUID(str(value(conn, statement, north(conn), trio(conn))))


def colleague_in_trio(conn: Connection) -> UUID:
    """The participant who joined last."""
    statement = (
        "select user_id from conversation_participants where conversation_id = %s order by joined_at desc"
    )
    return UUID(str(value(conn, statement, trio(conn))))


def own_message(conn: Connection) -> UUID:
    """A message of the founder of the trio that is not deleted."""
    statement = """
    select id from messages
    where conversation_id = %s and sender_id = %s and deleted_at is null
    order by seq limit 1
    """
    return UUID(str(value(conn, statement, trio(conn), founder(conn))))
