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

_BOTH = "conversation_id, user_id"


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


def _returning(object: str, *columns: str) -> str:
    return f"returning format('{object}', {', '.join(columns)})"


def _naming(damaging: str, object: str) -> str:
    """Run ``damaging``, and return the result of ``object`` from before it."""
    return f"with named as ({object}), damaged as ({damaging} returning 1) select * from named"


def _counters(detail: str, change: str) -> Damage:
    sql = f"update conversations set {change} where id = {EVERYONE} " + _returning("conversation %s", "id")
    return Damage("counters", detail, sql, table="conversations", without=("conversations_counts",))


def _seqs(change: str) -> Damage:
    return Damage(
        "counters",
        "%s messages have seqs from %s to %s",
        f"{change} " + _returning("conversation %s", "conversation_id"),
    )


def _files(detail: str, sql: str, which: str) -> Damage:
    named = f"""
    select format('file %s of message %s', coalesce(m.attachments, d.attachments) -> 0 ->> 'id', m.id)
    from messages m left join private.deleted_messages d on d.message_id = m.id
    where m.id = {which}
    """
    return Damage("files", detail, _naming(sql, named))


def _messages(detail: str, change: str, *without: str, which: str = PLAIN) -> Damage:
    sql = f"update messages set {change} where id = {which} " + _returning("message %s", "id")
    constraints = tuple(f"messages_{it}" for it in without)
    return Damage("messages", detail, sql, table="messages", without=constraints)


def _orphans(reference: str, sql: str) -> Damage:
    return Damage("orphans", "%s rows refer to nothing", sql, reference)


def _people(detail: str, sql: str, columns: str = _BOTH) -> Damage:
    user, conversation = reversed(columns.split(", "))
    return Damage("people", detail, f"{sql} " + _returning("user %s in conversation %s", user, conversation))


def _read_states(detail: str, sql: str) -> Damage:
    named = _returning("participant %s of conversation %s", "t.user_id", "t.conversation_id")
    return Damage("read_states", detail, f"{sql} {named}")


def _sizes(detail: str, sql: str) -> Damage:
    return Damage("sizes", detail, f"{sql} " + _returning("conversation %s", "conversation_id"))


def _times(detail: str, change: str, which: str = PLAIN) -> Damage:
    sql = f"update messages m set {change} where m.id = {which} " + _returning("message %s", "m.id")
    return Damage("times", detail, sql)


def _users(detail: str, sql: str) -> Damage:
    named = f"select format('user %s', email) from auth.users where id = {MEMBER}"
    return Damage("users", detail, _naming(sql, named))


def _auth(detail: str, change: str) -> Damage:
    sql = f"update auth.users set {change} where id = {MEMBER} " + _returning("user %s", "email")
    return Damage("users", detail, sql)


def _identity(detail: str, change: str) -> Damage:
    return _users(detail, f"update auth.identities set {change} where user_id = {MEMBER}")


def _reaction(user: str) -> str:
    return f"jsonb_build_array(jsonb_build_object('userId', {user}, 'emoji', '👍'))"


def damages() -> list[Damage]:
    """At least one for each condition of each check."""
    return [
        *_of_counters(),
        *_of_files(),
        *_of_messages(),
        *_of_organizations(),
        *_of_references(),
        *_of_people(),
        *_of_conversations(),
        *_of_times(),
        *_of_users(),
    ]


def _of_counters() -> list[Damage]:
    return [
        _seqs(f"delete from messages where id = {PLAIN}"),
        _seqs(f"delete from messages where conversation_id = {TRIO} and seq = 1"),
        _seqs(f"update messages set seq = seq + 1000 where id = {PLAIN}"),
        _counters("last_seq is %s, the last message has %s", "last_seq = last_seq + 1"),
        _counters(
            "last_message_seq is %s, the last message that is not deleted has %s",
            "last_message_seq = last_message_seq - 1",
        ),
        _counters("message_count is %s, there are %s", "message_count = message_count + 1"),
        _counters("participant_count is %s, there are %s", "participant_count = participant_count - 1"),
    ]


def _of_files() -> list[Damage]:
    elsewhere = "its path is %s"
    url = "attachments = jsonb_set(attachments, '{0,url}', '\"x.png\"')"
    other = "replace(attachments::text, conversation_id::text, organization_id::text)::jsonb"
    return [
        _files(elsewhere, f"update messages set {url} where id = {FILED}", FILED),
        _files(elsewhere, f"update messages set attachments = {other} where id = {FILED}", FILED),
        _files(elsewhere, f"update private.deleted_messages set {url} where message_id = {HIDDEN}", HIDDEN),
        _files(
            "its message is deleted, and Storage still shows it",
            f"delete from private.deleted_attachments where message_id = {HIDDEN}",
            HIDDEN,
        ),
        _files(
            "its message is there, and Storage hides it",
            "insert into private.deleted_attachments (message_id, attachment_id, conversation_id) "
            f"select id, attachments -> 0 ->> 'id', conversation_id from messages where id = {FILED}",
            FILED,
        ),
    ]


def _of_messages() -> list[Damage]:
    empty, shows = "neither text nor files", "deleted, and its content still shows"
    files, reactions = "its files are not valid", "its reactions are not valid"
    no_files = ("{}", '"file"', "null", "[null]", "[[]]", '[{"id": "1"}]')
    no_reactions = ("{}", "1", "null", "[null]", '[{"userId": "ann", "emoji": "👍"}]', '[{"userId": {}}]')
    twice = f"{_reaction('sender_id')} || {_reaction('sender_id')}"
    return [
        _messages("%s characters", "content = repeat('x', 4001)", "content_length"),
        _messages(empty, r"content = E' \t\r\n'", "not_empty"),
        _messages(empty, "content = null", "not_empty"),
        _messages(empty, "content = null, attachments = '[]'", "not_empty", which=FILED),
        _messages(shows, "content = 'secret'", "tombstone_empty", which=DELETED),
        _messages(shows, "attachments = '[]'", "tombstone_empty", which=DELETED),
        _messages(shows, f"reactions = {_reaction('sender_id')}", "tombstone_empty", which=DELETED),
        *(_messages(files, f"attachments = '{it}'", "attachments_valid") for it in no_files),
        *(_messages(reactions, f"reactions = '{it}'", "reactions_valid") for it in no_reactions),
        _messages(reactions, f"reactions = {twice}", "reactions_valid"),
    ]


def _of_organizations() -> list[Damage]:
    deletion = f"delete from organizations where id = {NORTH} " + _returning("organization %s", "id")
    led_by_nobody = f"update organization_members set role = 'member' where organization_id = {NORTH} "
    return [
        Damage("organizations", "is not there", deletion),
        Damage("organizations", "has no owner", f"{led_by_nobody} returning 'organization north'"),
    ]


def _of_references() -> list[Damage]:
    keys = f"update private.direct_conversations set %s where conversation_id = {PAIR}"
    one_of_trio = f"(select id from conversation_participants where conversation_id = {TRIO} limit 1)"
    return [
        _orphans("auth.identities.user_id", f"delete from auth.users where id = {MEMBER}"),
        _orphans("user_profiles.id", f"delete from auth.users where id = {MEMBER}"),
        _orphans("organization_members.organization_id", f"delete from organizations where id = {NORTH}"),
        _orphans("organization_members.user_id", f"delete from user_profiles where id = {MEMBER}"),
        _orphans("conversations.organization_id", f"delete from organizations where id = {NORTH}"),
        _orphans(
            "conversations.created_by", f"update conversations set created_by = {FIRST} where id = {TRIO}"
        ),
        _orphans("conversation_participants.conversation_id", f"delete from conversations where id = {TRIO}"),
        _orphans(
            "conversation_participants.user_id",
            f"update conversation_participants set user_id = {FIRST} where id = {one_of_trio}",
        ),
        _orphans("messages.conversation_id, organization_id", f"delete from conversations where id = {TRIO}"),
        _orphans(
            "messages.conversation_id, organization_id",
            f"update messages set organization_id = {SOUTH} where id = {PLAIN}",
        ),
        _orphans("messages.sender_id", f"update messages set sender_id = {FIRST} where id = {PLAIN}"),
        _orphans("deleted_messages.message_id", f"delete from messages where id = {DELETED}"),
        _orphans(
            "deleted_messages.message_id",
            f"update private.deleted_messages set conversation_id = {TRIO} where message_id = {DELETED}",
        ),
        _orphans(
            "deleted_attachments.message_id",
            f"delete from private.deleted_messages where message_id = {HIDDEN}",
        ),
        _orphans("direct_conversations.user_a, user_b", keys % f"user_a = {FIRST}"),
        _orphans("direct_conversations.user_a, user_b", keys % f"user_b = {LAST}"),
        _orphans("direct_conversations.conversation_id", f"delete from conversations where id = {PAIR}"),
        _orphans(
            "read_states.conversation_id, user_id",
            f"delete from conversation_participants where conversation_id = {TRIO}",
        ),
    ]


def _of_people() -> list[Damage]:
    wrote, outside = "wrote and takes no part", "takes part and is no member of the organization"
    a_writer = f"(select sender_id from messages where conversation_id = {TRIO} order by seq limit 1)"
    live = f"(select min(seq) from messages where conversation_id = {TRIO} and deleted_at is null)"
    return [
        _people(
            "made the conversation and takes no part",
            f"update conversations set created_by = {OUTSIDER} where id = {TRIO}",
            "id, created_by",
        ),
        _people(
            wrote,
            f"update messages set sender_id = {OUTSIDER} where conversation_id = {TRIO} and seq = 7",
            "conversation_id, sender_id",
        ),
        _people(
            wrote,
            f"delete from conversation_participants where conversation_id = {TRIO} and user_id = {a_writer}",
        ),
        _people(
            "reacted and takes no part",
            f"update messages set reactions = {_reaction(OUTSIDER)} "
            f"where conversation_id = {TRIO} and seq = {live}",
            f"conversation_id, {OUTSIDER.replace(', ', ',')}",
        ),
        _people(
            outside,
            f"insert into conversation_participants ({_BOTH}) select {TRIO}, {STRANGER}",
        ),
        _people(
            outside,
            f"delete from organization_members where organization_id = {NORTH} and user_id = {MEMBER}",
            f"{EVERYONE}, user_id",
        ),
        Damage(
            "rate",
            "%s times more than 10 messages within 60 seconds, first at %s",
            f"""
            with busy as (
              select sender_id from messages where organization_id = {NORTH}
              group by sender_id order by count(*) desc limit 1
            ),
            numbered as (
              select m.id, row_number() over () as number
              from messages m join busy b on b.sender_id = m.sender_id
              where m.organization_id = {NORTH}
              limit 11
            )
            update messages m
            set created_at = '2026-01-01 12:00+00'::timestamptz + n.number * interval '6 seconds'
            from numbered n
            where n.id = m.id
            """
            + _returning("user %s", "m.sender_id"),
        ),
    ]


def _of_conversations() -> list[Damage]:
    read = "read to %s and seen %s, a recount gives %s and %s"
    group, direct = "a group of %s participants", "a direct conversation of %s participants"
    pair = "its key in direct_conversations is not its pair"
    keys = "update private.direct_conversations set"
    state = f"update private.read_states t set %s where conversation_id = {EVERYONE} and user_id = {MEMBER}"
    one_of_trio = f"(select id from conversation_participants where conversation_id = {TRIO} limit 1)"
    a_reader = f"""(
      select user_id from private.read_states
      where conversation_id = {EVERYONE} and last_read_seq > 5
      order by user_id limit 1
    )"""
    return [
        _read_states(
            "no read state",
            f"delete from private.read_states t where conversation_id = {EVERYONE} and user_id = {MEMBER}",
        ),
        _read_states(read, state % "seen_count = seen_count + 1"),
        _read_states(read, state % "last_read_seq = last_read_seq + 1"),
        _read_states(
            read,
            "update conversation_participants t set last_read_at = m.created_at from messages m "
            f"where m.conversation_id = t.conversation_id and m.seq = 2 "
            f"and t.conversation_id = {EVERYONE} and t.user_id = {a_reader}",
        ),
        _sizes(group, f"delete from conversation_participants where id = {one_of_trio}"),
        _sizes(
            group,
            f"insert into conversation_participants ({_BOTH}) "
            f"select {EVERYONE}, gen_random_uuid() from generate_series(1, 42)",
        ),
        _sizes(direct, f"insert into conversation_participants ({_BOTH}) select {PAIR}, {STRANGER}"),
        _sizes(direct, f"delete from conversation_participants where conversation_id = {PAIR}"),
        _sizes(pair, f"delete from private.direct_conversations where conversation_id = {PAIR}"),
        _sizes(pair, f"{keys} organization_id = {SOUTH} where conversation_id = {PAIR}"),
        _sizes(pair, f"{keys} user_a = {FIRST} where conversation_id = {PAIR}"),
        _sizes(pair, f"{keys} user_b = {LAST} where conversation_id = {PAIR}"),
        _sizes(
            "a group has a key in direct_conversations",
            "insert into private.direct_conversations (organization_id, user_a, user_b, conversation_id) "
            f"select {NORTH}, {FIRST}, {MEMBER}, {TRIO}",
        ),
    ]


def _of_times() -> list[Damage]:
    changed = "changed before it was sent"
    before = """(
      select b.created_at - interval '1 microsecond' from messages b
      where b.conversation_id = m.conversation_id and b.seq = m.seq - 1
    )"""
    return [
        _times("older than its conversation", "created_at = '2020-01-01'"),
        _times("older than the message before it", f"created_at = {before}"),
        _times(changed, "updated_at = created_at - interval '1 microsecond'"),
        _times(changed, "deleted_at = created_at - interval '1 microsecond'", DELETED),
        _times("sent in the future", "created_at = now() + interval '1 hour'"),
        Damage(
            "times",
            "joined before there was the conversation",
            "update conversation_participants set joined_at = '2020-01-01' "
            f"where conversation_id = {EVERYONE} and user_id = {MEMBER} "
            + _returning("participant %s of conversation %s", "user_id", "conversation_id"),
        ),
        Damage(
            "times",
            "joined before there was the organization",
            "update organization_members set joined_at = '2020-01-01' "
            f"where organization_id = {NORTH} and user_id = {MEMBER} "
            + _returning("member %s of organization %s", "user_id", "organization_id"),
        ),
        Damage(
            "tombstones",
            "deleted, and what it said is not kept",
            f"delete from private.deleted_messages where message_id = {DELETED} "
            + _returning("message %s", "message_id"),
        ),
        Damage(
            "tombstones",
            "not deleted, and kept as if it were",
            f"update messages set deleted_at = null, content = 'back' where id = {DELETED} "
            + _returning("message %s", "id"),
        ),
    ]


def _of_users() -> list[Damage]:
    other_email, somebody_else = "has another email in the profile", "has an identity of somebody else"
    lacks = "lacks what Auth needs: instance, audience, role, tokens or times"
    needed = (
        "instance_id", "aud", "role", "confirmation_token", "recovery_token", "email_change_token_new",
        "email_change", "email_change_token_current", "email_change_confirm_status", "phone_change",
        "phone_change_token", "reauthentication_token", "created_at", "updated_at", "raw_app_meta_data",
    )  # fmt: skip
    return [
        Damage(
            "users",
            "is not there",
            f"delete from auth.users where id = {MEMBER} " + _returning("user %s", "id"),
        ),
        _users("has no identity", f"delete from auth.identities where user_id = {MEMBER}"),
        _identity("has no identity", "provider = 'phone'"),
        _users("has no profile", f"delete from user_profiles where id = {MEMBER}"),
        _users(other_email, f"update user_profiles set email = 'x@x.example' where id = {MEMBER}"),
        _users(other_email, f"update user_profiles set email = null where id = {MEMBER}"),
        _auth(other_email, "email = 'x@x.example'"),
        _auth("has an email that is not in lower case", "email = upper(email)"),
        _identity(somebody_else, "provider_id = gen_random_uuid()::text"),
        _identity(somebody_else, 'identity_data = identity_data || \'{"email": "x@x.example"}\''),
        _identity(somebody_else, "identity_data = identity_data - 'email'"),
        _auth("has no password", "encrypted_password = ''"),
        _auth("has no password", "encrypted_password = null"),
        _auth("is not confirmed", "email_confirmed_at = null"),
        _auth("is banned", "banned_until = now() + interval '1 day'"),
        _auth("signs in by SSO only", "is_sso_user = true"),
        *(_auth(lacks, f"{column} = null") for column in needed),
        _auth(lacks, "aud = 'anon'"),
        _auth(lacks, "role = 'anon'"),
        _auth(lacks, "instance_id = gen_random_uuid()"),
    ]
