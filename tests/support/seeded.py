"""Small worlds made by ``seed`` beside other people's data, for tests that take everything back."""

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

# Every kind of row is in it, often; a trio, which one who leaves makes too small; and a guest in each team.
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
    """A database with other people's data, then the world of seed 2, then that of seed 1.

    ``others`` are the rows before any seed, ``beside`` those before seed 1.
    """

    database: Database
    others: Rows
    beside: Rows


@contextmanager
def worlds(server: Server) -> Iterator[Seeded]:
    """``SMALL`` twice in a database of ``server``, as rows only; dropped at the end."""
    name = f"seeded_{next(_numbers)}"
    with copied(Database(server, "backend"), name) as database:
        with World(database) as world, database.connect() as conn:
            _talk(world)
            others = rows(conn)
            load(conn, build(SMALL, 2), LoadOptions(storage_rows=True, beside_others=True))
            beside = rows(conn)
            load(conn, build(SMALL, 1), LoadOptions(storage_rows=True, beside_others=True))
        yield Seeded(database, others, beside)


@contextmanager
def copied(template: Database, name: str) -> Iterator[Database]:
    """A copy of ``template``, to which nobody may be connected, for code that commits."""
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
    # Whoever looks into the bucket must get along with them.
    for name in ("", "/", "%/chat/%/x", "null/chat/null/x", f"a/chat/{conversation}/b", "x" * 900):
        world.rows(None, statement, name, None, role="service_role")


def rows(conn: Connection) -> Rows:
    """All rows of our own tables, Auth's and Storage's, as text."""
    return {
        table: frozenset(text for (text,) in conn.execute(f"select t::text from {table} t"))
        for (table,) in conn.execute(TABLES).fetchall()
    }


def less(have: Rows, known: Rows) -> Rows:
    """What ``have`` has and ``known`` has not, by table; tables without any are not named."""
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
    """Be ``user`` through the role of the API inside the block, in a transaction that goes on after it."""
    with conn.transaction():
        act_as(conn, "authenticated", claims_for(user))
        yield conn
        conn.execute("select set_config('role', 'none', true), set_config('request.jwt.claims', '', true)")


def as_user(conn: Connection, user: UUID, statement: str, *values: Any) -> Any:
    """The first column of what one statement gives ``user``."""
    with acting(conn, user):
        return value(conn, statement, *values)


# What users do, each in the trio of the north unless it says otherwise ------------------------------------


def north(conn: Connection) -> UUID:
    return UUID(str(value(conn, "select id from organizations where slug = 'north'")))


def trio(conn: Connection) -> UUID:
    statement = "select id from conversations where organization_id = %s and name ~ '^Trio'"
    return UUID(str(value(conn, statement, north(conn))))


def founder(conn: Connection) -> UUID:
    return UUID(str(value(conn, "select created_by from conversations where id = %s", trio(conn))))


def others_of_trio(conn: Connection) -> list[UUID]:
    """The two who did not make it."""
    statement = """
    select p.user_id from conversation_participants p join conversations c on c.id = p.conversation_id
    where c.id = %s and p.user_id <> c.created_by order by 1
    """
    return column(conn, statement, trio(conn))


def colleague(conn: Connection) -> UUID:
    """A mere member of the north who is not in the trio."""
    statement = """
    select m.user_id from organization_members m
    where m.organization_id = %s and m.role = 'member'
      and m.user_id not in (select user_id from conversation_participants where conversation_id = %s)
    order by 1 limit 1
    """
    return UUID(str(value(conn, statement, north(conn), trio(conn))))


def colleague_in_trio(conn: Connection) -> UUID:
    """The one who came last."""
    statement = (
        "select user_id from conversation_participants where conversation_id = %s order by joined_at desc"
    )
    return UUID(str(value(conn, statement, trio(conn))))


def own_message(conn: Connection) -> UUID:
    """A message of the trio's founder that is not deleted."""
    statement = """
    select id from messages
    where conversation_id = %s and sender_id = %s and deleted_at is null
    order by seq limit 1
    """
    return UUID(str(value(conn, statement, trio(conn), founder(conn))))


def signs_in(conn: Connection) -> None:
    user = founder(conn)
    conn.execute("update auth.users set last_sign_in_at = now(), updated_at = now() where id = %s", (user,))
    conn.execute(
        "update auth.identities set last_sign_in_at = now(), updated_at = now() where user_id = %s", (user,)
    )
    session = value(
        conn, "insert into auth.sessions (id, user_id) values (gen_random_uuid(), %s) returning id", user
    )
    conn.execute(
        "insert into auth.refresh_tokens (token, user_id, session_id) values ('token', %s, %s)",
        (user, session),
    )


def reads(conn: Connection) -> None:
    statement = """
    select p.user_id from conversation_participants p
    join private.read_states r using (conversation_id, user_id)
    join conversations c on c.id = p.conversation_id
    where c.organization_id = %s and c.name = 'Everyone' and r.last_read_seq < c.last_message_seq - 1
    order by 1 limit 1
    """
    reader = value(conn, statement, north(conn))
    room = value(
        conn, "select id from conversations where organization_id = %s and name = 'Everyone'", north(conn)
    )
    as_user(conn, reader, "select mark_conversation_read(%s)", room)


def stars_and_mutes(conn: Connection) -> None:
    statement = "update conversation_participants set is_starred = not is_starred, is_muted = not is_muted "
    as_user(conn, founder(conn), statement + "where user_id = %s", founder(conn))


def sends(conn: Connection) -> None:
    as_user(conn, founder(conn), "select send_message(%s, 'hello')", trio(conn))


def sends_and_deletes(conn: Connection) -> None:
    sent = as_user(conn, founder(conn), "select (send_message(%s, 'hello')).id", trio(conn))
    as_user(conn, founder(conn), "update messages set deleted_at = now() where id = %s", sent)


def reacts(conn: Connection) -> None:
    as_user(conn, others_of_trio(conn)[0], "select toggle_reaction(%s, '🦊')", own_message(conn))


def edits(conn: Connection) -> None:
    as_user(conn, founder(conn), "update messages set content = 'edited' where id = %s", own_message(conn))


def deletes(conn: Connection) -> None:
    as_user(conn, founder(conn), "update messages set deleted_at = now() where id = %s", own_message(conn))


def leaves(conn: Connection) -> None:
    leaver = others_of_trio(conn)[0]
    statement = "delete from conversation_participants where conversation_id = %s and user_id = %s"
    as_user(conn, leaver, statement, trio(conn), leaver)


def is_removed(conn: Connection) -> None:
    statement = "delete from conversation_participants where conversation_id = %s and user_id = %s"
    as_user(conn, founder(conn), statement, trio(conn), others_of_trio(conn)[1])


def leaves_what_is_theirs(conn: Connection) -> None:
    statement = "delete from conversation_participants where conversation_id = %s and user_id = %s"
    as_user(conn, founder(conn), statement, trio(conn), founder(conn))


def renames(conn: Connection) -> None:
    as_user(conn, founder(conn), "update conversations set name = 'Trio of 100%%' where id = %s", trio(conn))


def adds_a_colleague(conn: Connection) -> None:
    statement = "insert into conversation_participants (conversation_id, user_id) values (%s, %s)"
    as_user(conn, founder(conn), statement, trio(conn), colleague(conn))


def uploads(conn: Connection) -> None:
    path = f"{north(conn)}/chat/{trio(conn)}/{trio(conn)}_100%_\\'{{1}}\u202e.png"
    statement = "insert into storage.objects (bucket_id, name, owner_id) values ('attachments', %s, %s)"
    as_user(conn, founder(conn), statement, path, str(founder(conn)))


def starts_a_group(conn: Connection) -> None:
    statement = "select create_group_conversation('new', %s::uuid[], %s)"
    as_user(conn, founder(conn), statement, others_of_trio(conn), north(conn))


def starts_a_group_and_leaves(conn: Connection) -> None:
    """Which is managed by one of the others from then on."""
    statement = "select create_group_conversation('new', %s::uuid[], %s)"
    room = as_user(conn, founder(conn), statement, others_of_trio(conn), north(conn))
    statement = "delete from conversation_participants where conversation_id = %s and user_id = %s"
    as_user(conn, founder(conn), statement, room, founder(conn))


def starts_a_group_of_nobody(conn: Connection) -> None:
    statement = (
        "insert into conversations (organization_id, name, is_group, created_by) values (%s, 'new', true, %s)"
    )
    as_user(conn, founder(conn), statement, north(conn), founder(conn))


def passes_by(conn: Connection) -> None:
    """A colleague is added, reacts and leaves."""
    adds_a_colleague(conn)
    as_user(conn, colleague_in_trio(conn), "select toggle_reaction(%s, '🦊')", own_message(conn))
    statement = "delete from conversation_participants where conversation_id = %s and user_id = %s"
    as_user(conn, colleague_in_trio(conn), statement, trio(conn), colleague_in_trio(conn))


def starts_a_direct_conversation(conn: Connection) -> None:
    pair = """
    select array[a.user_id, b.user_id]
    from organization_members a
    join organization_members b on b.organization_id = a.organization_id and b.user_id > a.user_id
    where a.organization_id = %(north)s and not exists (
      select from private.direct_conversations d
      where d.organization_id = a.organization_id and (d.user_a, d.user_b) = (a.user_id, b.user_id)
    )
    order by 1 limit 1
    """
    row = conn.execute(pair, {"north": north(conn)}).fetchone()
    assert row
    one, other = row[0]
    as_user(conn, one, "select start_direct_conversation(%s, %s)", other, north(conn))


def changes_their_profile(conn: Connection) -> None:
    statement = "update user_profiles set full_name = 'Somebody Else' where id = %s"
    as_user(conn, founder(conn), statement, founder(conn))


# What operators do ----------------------------------------------------------------------------------------


def stranger(conn: Connection) -> UUID:
    """Somebody whom no seed made."""
    return UUID(str(value(conn, "select id from user_profiles where full_name = 'person0'")))


def strangers(conn: Connection) -> UUID:
    """An organization that no seed made."""
    return UUID(str(value(conn, "select id from organizations where slug ~ '^org-'")))


def moderates(conn: Connection) -> None:
    conn.execute("update messages set deleted_at = now() where id = %s", (own_message(conn),))
    conn.execute(
        "insert into private.moderation_log (actor, action, target_type, target_id, reason) "
        "values ('ops', 'message.delete', 'message', %s, 'spam')",
        (own_message(conn),),
    )


def restores(conn: Connection) -> None:
    statement = (
        "select id from messages where conversation_id = %s and deleted_at is not null order by seq limit 1"
    )
    conn.execute("update messages set deleted_at = null where id = %s", (value(conn, statement, trio(conn)),))


def holds(conn: Connection, column: str, subject: UUID) -> None:
    conn.execute(
        sql.SQL("insert into private.holds (name, reason, {}) values ('legal-7', 'a lawsuit', %s)").format(
            sql.Identifier(column)
        ),
        (subject,),
    )


def holds_the_trio(conn: Connection) -> None:
    holds(conn, "conversation_id", trio(conn))


def holds_the_north(conn: Connection) -> None:
    holds(conn, "organization_id", north(conn))


def holds_a_user(conn: Connection) -> None:
    holds(conn, "user_id", founder(conn))


def holds_somebody_who_left(conn: Connection) -> None:
    leaves_what_is_theirs(conn)
    holds_a_user(conn)


def releases(conn: Connection) -> None:
    conn.execute("update private.holds set released_at = now()")


def held_the_trio(conn: Connection) -> None:
    holds_the_trio(conn)
    releases(conn)


def held_the_north(conn: Connection) -> None:
    holds_the_north(conn)
    releases(conn)


def held_a_user(conn: Connection) -> None:
    holds_a_user(conn)
    releases(conn)


def suspends(conn: Connection) -> None:
    conn.execute("insert into private.suspensions (user_id, reason) values (%s, 'spam')", (founder(conn),))


def mutes(conn: Connection) -> None:
    conn.execute("insert into private.mutes (user_id, reason) values (%s, 'spam')", (founder(conn),))


def joins(conn: Connection, organization: UUID, user: UUID, role: str = "member", at: str = "now") -> None:
    statement = (
        "insert into organization_members (organization_id, user_id, role, joined_at) values (%s, %s, %s, %s)"
    )
    conn.execute(statement, (organization, user, role, at))


def a_stranger_joins(conn: Connection) -> None:
    joins(conn, north(conn), stranger(conn))


def a_southerner_joins(conn: Connection) -> UUID:
    """Somebody of the same world, who is returned."""
    statement = """
    select m.user_id
    from organization_members m
    join organizations o on o.id = m.organization_id
    where o.slug = 'south'
      and m.user_id not in (select user_id from organization_members where organization_id = %s)
    order by 1 limit 1
    """
    user = UUID(str(value(conn, statement, north(conn))))
    joins(conn, north(conn), user)
    return user


def a_stranger_is_imported(conn: Connection) -> None:
    joins(conn, north(conn), stranger(conn), at="2026-01-02")


def joins_strangers(conn: Connection) -> None:
    joins(conn, strangers(conn), founder(conn))


def is_imported_by_strangers(conn: Connection) -> None:
    joins(conn, strangers(conn), founder(conn), at="2026-01-02")


def leads_strangers(conn: Connection) -> None:
    joins(conn, strangers(conn), founder(conn), role="owner")


def talks_to_strangers(conn: Connection) -> None:
    joins_strangers(conn)
    as_user(conn, stranger(conn), "select start_direct_conversation(%s, %s)", founder(conn), strangers(conn))


def talked_to_strangers(conn: Connection) -> None:
    """And was removed from their organization and conversation since."""
    joins_strangers(conn)
    people = "select array_agg(user_id) from organization_members where organization_id = %s"
    statement = "select create_group_conversation('strange', %s::uuid[], %s)"
    room = as_user(conn, founder(conn), statement, value(conn, people, strangers(conn)), strangers(conn))
    as_user(conn, founder(conn), "select send_message(%s, 'hello')", room)
    conn.execute(
        "delete from conversation_participants where conversation_id = %s and user_id = %s",
        (room, founder(conn)),
    )
    conn.execute(
        "delete from organization_members where organization_id = %s and user_id = %s",
        (strangers(conn), founder(conn)),
    )
