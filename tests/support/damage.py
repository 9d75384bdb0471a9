"""Damage to the seeded world of ``seeded``: every problem that verification can find."""

from __future__ import annotations

import re
from dataclasses import dataclass

NORTH = "(select id from organizations where slug = 'north')"
SOUTH = "(select id from organizations where slug = 'south')"
EVERYONE = f"(select id from conversations where organization_id = {NORTH} and name = 'Everyone')"
TRIO = f"(select id from conversations where organization_id = {NORTH} and name = 'Trio')"
PAIR = f"""(
  select id from conversations
  where organization_id = {NORTH} and not is_group and message_count > 5
  order by id limit 1
)"""
PLAIN = f"""(
  select id from messages
  where conversation_id = {EVERYONE} and deleted_at is null and attachments is null and reactions = '[]'
    and seq > 9
  order by seq limit 1
)"""
FILED = f"""(
  select id from messages
  where organization_id = {NORTH} and deleted_at is null and attachments is not null
  order by id limit 1
)"""
DELETED = f"""(
  select id from messages where conversation_id = {EVERYONE} and deleted_at is not null order by id limit 1
)"""
HIDDEN = f"""(
  select a.message_id from private.deleted_attachments a join conversations c on c.id = a.conversation_id
  where c.organization_id = {NORTH}
  order by a.message_id limit 1
)"""
MEMBER = f"(select user_id from organization_members where organization_id = {NORTH} order by 1 limit 1)"
OUTSIDER = f"""(
  select user_id from organization_members
  where organization_id = {NORTH}
    and user_id not in (select user_id from conversation_participants where conversation_id = {TRIO})
  order by 1 limit 1
)"""
STRANGER = "(select id from user_profiles where full_name = 'person0')"
FIRST = "'00000000-0000-4000-8000-000000000000'"  # nobody's id, lower than every other id
LAST = "'ffffffff-0000-4000-8000-000000000000'"

PARTICIPANT_KEY = "conversation_id, user_id"


@dataclass(frozen=True)
class Damage:
    """``sql``, with triggers disabled, makes ``check`` report ``detail`` for the object that it returns.

    ``detail`` is the text of the check, with ``%s`` for any text. ``without`` are constraints of ``table``
    that prevent the damage. ``object`` is given if the check names a reference and not a row.
    """

    check: str
    detail: str
    sql: str
    object: str | None = None
    table: str = ""
    without: tuple[str, ...] = ()

    @property
    def pattern(self) -> str:
        return re.escape(self.detail).replace("%s", ".+")


def returning(object: str, *columns: str) -> str:
    return f"returning format('{object}', {', '.join(columns)})"


def _naming(damaging: str, object: str) -> str:
    """Run ``damaging``, and return the result of ``object`` from before it."""
    return f"with named as ({object}), damaged as ({damaging} returning 1) select * from named"


def counters_damage(detail: str, change: str) -> Damage:
    sql = f"update conversations set {change} where id = {EVERYONE} " + returning("conversation %s", "id")
    return Damage("counters", detail, sql, table="conversations", without=("conversations_counts",))


def seqs_damage(change: str) -> Damage:
    return Damage(
        "counters",
        "%s messages have seqs from %s to %s",
        f"{change} " + returning("conversation %s", "conversation_id"),
    )


def files_damage(detail: str, sql: str, which: str) -> Damage:
    named = f"""
    select format('file %s of message %s', coalesce(m.attachments, d.attachments) -> 0 ->> 'id', m.id)
    from messages m left join private.deleted_messages d on d.message_id = m.id
    where m.id = {which}
    """
    return Damage("files", detail, _naming(sql, named))


def messages_damage(detail: str, change: str, *without: str, which: str = PLAIN) -> Damage:
    sql = f"update messages set {change} where id = {which} " + returning("message %s", "id")
    constraints = tuple(f"messages_{it}" for it in without)
    return Damage("messages", detail, sql, table="messages", without=constraints)


def orphans_damage(reference: str, sql: str) -> Damage:
    return Damage("orphans", "%s rows refer to nothing", sql, reference)


def people_damage(detail: str, sql: str, columns: str = PARTICIPANT_KEY) -> Damage:
    user, conversation = reversed(columns.split(", "))
    return Damage("people", detail, f"{sql} " + returning("user %s in conversation %s", user, conversation))


def read_states_damage(detail: str, sql: str) -> Damage:
    named = returning("participant %s of conversation %s", "t.user_id", "t.conversation_id")
    return Damage("read_states", detail, f"{sql} {named}")


def sizes_damage(detail: str, sql: str) -> Damage:
    return Damage("sizes", detail, f"{sql} " + returning("conversation %s", "conversation_id"))


def times_damage(detail: str, change: str, which: str = PLAIN) -> Damage:
    sql = f"update messages m set {change} where m.id = {which} " + returning("message %s", "m.id")
    return Damage("times", detail, sql)


def users_damage(detail: str, sql: str) -> Damage:
    named = f"select format('user %s', email) from auth.users where id = {MEMBER}"
    return Damage("users", detail, _naming(sql, named))


def auth_damage(detail: str, change: str) -> Damage:
    sql = f"update auth.users set {change} where id = {MEMBER} " + returning("user %s", "email")
    return Damage("users", detail, sql)


def identity_damage(detail: str, change: str) -> Damage:
    return users_damage(detail, f"update auth.identities set {change} where user_id = {MEMBER}")


def reaction(user: str) -> str:
    return f"jsonb_build_array(jsonb_build_object('userId', {user}, 'emoji', '👍'))"
