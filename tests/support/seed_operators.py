"""Actions of operators and strangers on a seeded world."""

from __future__ import annotations

from uuid import UUID

from psycopg import sql

from chatctl.db.connection import Connection
from tests.support.seed_users import leaves_what_is_theirs
from tests.support.seeded import (
    as_user,
    founder,
    north,
    own_message,
    trio,
    value,
)


def stranger(conn: Connection) -> UUID:
    """A user who was not created by a seed."""
    return UUID(str(value(conn, "select id from user_profiles where full_name = 'person0'")))


def strangers(conn: Connection) -> UUID:
    """An organization that was not created by a seed."""
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
    """A user of the same world joins; returns the user."""
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
    """The founder was removed from their organization and conversation afterwards."""
    joins_strangers(conn)
    people = "select array_agg(user_id) from organization_members where organization_id = %s"
    statement = "select create_group_conversation('strange', %s::uuid[], %s)"
    conversation = as_user(
        conn, founder(conn), statement, value(conn, people, strangers(conn)), strangers(conn)
    )
    as_user(conn, founder(conn), "select send_message(%s, 'hello')", conversation)
    conn.execute(
        "delete from conversation_participants where conversation_id = %s and user_id = %s",
        (conversation, founder(conn)),
    )
    conn.execute(
        "delete from organization_members where organization_id = %s and user_id = %s",
        (strangers(conn), founder(conn)),
    )
