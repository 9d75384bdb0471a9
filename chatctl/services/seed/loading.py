"""Putting a world into a database: all of it in one transaction, or nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from typing import Any, Literal
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.errors import ChatctlError, Conflict, Invalid, NotAllowed
from chatctl.services.seed.rows import Person, World

PASSWORD = "chatctl-demo"  # noqa: S105 - meant to be known
# bcrypt of it; cost 10 is what Supabase Auth itself makes, any other is computed anew at every sign-in.
PASSWORD_HASH = "$2a$10$chatctlDemoWorldSaltSem5gxhu2UJqd0aPT..Ka.2Ph2LXU7F4K"  # noqa: S105

# The only path so far: with triggers and foreign keys off; what they keep is set by statements over all rows.
REPLICA = "copy, triggers off (session_replication_role = replica)"

_COPIED = {
    "organizations": sql.Identifier("public", "organizations"),
    "members": sql.Identifier("public", "organization_members"),
    "conversations": sql.Identifier("public", "conversations"),
    "participants": sql.Identifier("public", "conversation_participants"),
    "messages": sql.Identifier("public", "messages"),
    "deleted_messages": sql.Identifier("private", "deleted_messages"),
}
_ANALYZED = (
    *_COPIED.values(),
    sql.Identifier("public", "user_profiles"),
    sql.Identifier("private", "read_states"),
    sql.Identifier("private", "direct_conversations"),
)
_DERIVED = ("conversations_counted", "direct_conversations", "read_states", "deleted_attachments")

OnStep = Callable[[str, int], None]


@dataclass(frozen=True)
class Login:
    """Somebody to sign in as, with ``PASSWORD``."""

    email: str
    full_name: str
    organization: str
    role: str


@dataclass(frozen=True)
class Outcome:
    """A world that is in the database: made now, or found as it was made, or changed since by its users."""

    world: str
    seed: int
    world_version: int
    state: Literal["created", "unchanged", "changed"]
    path: str | None
    dry_run: bool
    fingerprint: str
    rows: dict[str, int]
    password: str
    logins: list[Login]


@dataclass(frozen=True)
class _Run:
    world_version: int
    fingerprint: str
    organization_ids: list[UUID]
    user_ids: list[UUID]
    finished_at: Any


@dataclass(frozen=True)
class _Table:
    name: str
    rows: int
    checksum: str


def load(
    conn: Connection,
    world: World,
    *,
    storage_rows: bool = False,
    beside_others: bool = False,
    dry_run: bool = False,
    on_step: OnStep = lambda table, rows: None,
) -> Outcome:
    """Load ``world`` unless it is there.

    ``storage_rows`` adds its files as rows of storage.objects; ``beside_others`` allows a database in which
    there are organizations or users that no seed made; ``dry_run`` does all of it and rolls back.
    Raises Conflict when other rows are in the way or the database is not migrated, Invalid when it holds
    other people's data, NotAllowed when the role may not switch triggers off.
    """
    with conn.transaction(force_rollback=dry_run):
        _prepare(conn)
        if run := _earlier_run(conn, world):
            return _outcome(conn, world, run.fingerprint, dry_run=dry_run)
        _refuse_clashes(conn, world)
        if not beside_others:
            _refuse_others(conn)
        with _triggers_off(conn):
            _load_people(conn, world.people, on_step)
            _copy(conn, world, on_step)
            for name in _DERIVED + ("storage_objects",) * storage_rows:
                statement = query(f"seed/{name}")
                on_step(name, conn.execute(statement, _scope(world)).rowcount)
        _refuse_orphans(conn, world)
        outcome = _outcome(conn, world, None, dry_run=dry_run)
        _record(conn, world, outcome.fingerprint)
        for table in _ANALYZED:
            conn.execute(sql.SQL("analyze {}").format(table))
    return outcome


def logins(world: World) -> list[Login]:
    """The owner and the first admin and member of every organization."""
    people = {person.id: person for person in world.people}
    chosen = []
    for organization in world.organizations:
        members = [member for member in world.members if member.organization_id == organization.id]
        for role in ("owner", "admin", "member"):
            person = people[next(member.user_id for member in members if member.role == role)]
            chosen.append(Login(person.email, person.full_name, organization.name, role))
    return chosen


def _prepare(conn: Connection) -> None:
    row = conn.execute("select to_regclass('private.seed_runs')").fetchone()
    if row is None or row[0] is None:
        raise Conflict("this database has not the tables to seed", hint="run `chatctl migrate` first")
    # Two seeds at once: the second waits, and then finds the world.
    conn.execute("select pg_advisory_xact_lock(hashtextextended('chatctl seed', 0))")
    # The fingerprint reads times as text.
    conn.execute("select set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO', true)")


def _earlier_run(conn: Connection, world: World) -> _Run | None:
    with conn.cursor(row_factory=class_row(_Run)) as cursor:
        run = cursor.execute(query("seed/run"), {"world": world.name, "seed": world.seed}).fetchone()
    if run and run.world_version != world.version:
        raise Conflict(
            f"{world.name} with seed {world.seed} was made here by version {run.world_version} of its rules, "
            f"and this chatctl has version {world.version}",
            hint="take another --seed, or a new database",
        )
    return run


def _refuse_clashes(conn: Connection, world: World) -> None:
    wanted = {
        "slugs": [organization.slug for organization in world.organizations],
        "emails": [person.email for person in world.people],
        **_scope(world),
    }
    clashes = conn.execute(query("seed/clashes"), wanted).fetchall()
    if clashes:
        shown = ", ".join(f"{kind} {name}" for kind, name in clashes[:3])
        more = f" and {len(clashes) - 3} more" if len(clashes) > 3 else ""  # noqa: PLR2004
        raise Conflict(f"already there, but not made by a seed: {shown}{more}", hint="take another --seed")


def _refuse_others(conn: Connection) -> None:
    organizations, users = conn.execute(query("seed/strangers")).fetchone() or (0, 0)
    if organizations or users:
        raise Invalid(
            f"this database holds {organizations} organizations and {users} users that no seed made",
            hint="seed beside them with --yes",
        )


@contextmanager
def _triggers_off(conn: Connection) -> Iterator[None]:
    try:
        with conn.transaction():
            conn.execute("set local session_replication_role = replica")
    except psycopg.errors.InsufficientPrivilege:
        raise NotAllowed(
            "this role may not switch triggers off, and there is no slower way to seed yet",
            hint="connect as postgres, or: grant set on parameter session_replication_role to <role>",
        ) from None
    yield
    conn.execute("set local session_replication_role = origin")


def _load_people(conn: Connection, people: list[Person], on_step: OnStep) -> None:
    records = [
        {"id": str(p.id), "email": p.email, "full_name": p.full_name, "created_at": p.created_at.isoformat()}
        for p in people
    ]
    values = {"people": Jsonb(records), "password": PASSWORD_HASH}
    for name in ("users", "identities", "profiles"):
        statement = query(f"seed/{name}")
        on_step(name, conn.execute(statement, values).rowcount)


def _copy(conn: Connection, world: World, on_step: OnStep) -> None:
    for name, table in _COPIED.items():
        rows: Sequence[Any] = getattr(world, name)
        columns = sql.SQL(", ").join(sql.Identifier(field.name) for field in fields(rows[0]))
        statement = sql.SQL("copy {} ({}) from stdin").format(table, columns)
        with conn.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row([_text(value) for value in astuple(row)])
        on_step(name, len(rows))


def _text(value: object) -> object:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value


def _refuse_orphans(conn: Connection, world: World) -> None:
    orphans = conn.execute(query("seed/orphans"), _scope(world)).fetchall()
    if orphans:
        found = ", ".join(f"{rows} in {reference}" for reference, rows in orphans)
        raise ChatctlError(f"the rows refer to rows that are not there: {found}; nothing was kept")


def _outcome(conn: Connection, world: World, made: str | None, *, dry_run: bool) -> Outcome:
    tables = _tables(conn, world)
    fingerprint = _fingerprint(tables)
    return Outcome(
        world=world.name,
        seed=world.seed,
        world_version=world.version,
        state="created" if made is None else "unchanged" if made == fingerprint else "changed",
        path=REPLICA if made is None else None,
        dry_run=dry_run,
        fingerprint=fingerprint,
        rows={table.name: table.rows for table in tables},
        password=PASSWORD,
        logins=logins(world),
    )


def _tables(conn: Connection, world: World) -> list[_Table]:
    with conn.cursor(row_factory=class_row(_Table)) as cursor:
        return cursor.execute(query("seed/fingerprint"), _scope(world)).fetchall()


def _fingerprint(tables: list[_Table]) -> str:
    lines = "".join(f"{table.name} {table.rows} {table.checksum}\n" for table in tables)
    return hashlib.sha256(lines.encode()).hexdigest()[:16]


def _record(conn: Connection, world: World, fingerprint: str) -> None:
    values = {
        "world": world.name,
        "seed": world.seed,
        "world_version": world.version,
        "fingerprint": fingerprint,
        **_scope(world),
    }
    conn.execute(query("seed/record_run"), values)


def _scope(world: World) -> dict[str, list[UUID]]:
    return {
        "organizations": [organization.id for organization in world.organizations],
        "users": [person.id for person in world.people],
    }
