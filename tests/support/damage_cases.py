"""All kinds of damage to a seeded world: at least one for each condition of each check."""

from __future__ import annotations

from tests.support.damage import (
    DELETED,
    EVERYONE,
    FILED,
    FIRST,
    HIDDEN,
    LAST,
    MEMBER,
    NORTH,
    OUTSIDER,
    PAIR,
    PARTICIPANT_KEY,
    PLAIN,
    SOUTH,
    STRANGER,
    TRIO,
    Damage,
    auth_damage,
    counters_damage,
    files_damage,
    identity_damage,
    messages_damage,
    orphans_damage,
    people_damage,
    reaction,
    read_states_damage,
    returning,
    seqs_damage,
    sizes_damage,
    times_damage,
    users_damage,
)


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
        seqs_damage(f"delete from messages where id = {PLAIN}"),
        seqs_damage(f"delete from messages where conversation_id = {TRIO} and seq = 1"),
        seqs_damage(f"update messages set seq = seq + 1000 where id = {PLAIN}"),
        counters_damage("last_seq is %s, but the last message has %s", "last_seq = last_seq + 1"),
        counters_damage(
            "last_message_seq is %s, but the last message that is not deleted has %s",
            "last_message_seq = last_message_seq - 1",
        ),
        counters_damage("message_count is %s, but there are %s", "message_count = message_count + 1"),
        counters_damage(
            "participant_count is %s, but there are %s", "participant_count = participant_count - 1"
        ),
    ]


def _of_files() -> list[Damage]:
    elsewhere = "its path is %s"
    url = "attachments = jsonb_set(attachments, '{0,url}', '\"x.png\"')"
    other = "replace(attachments::text, conversation_id::text, organization_id::text)::jsonb"
    return [
        files_damage(elsewhere, f"update messages set {url} where id = {FILED}", FILED),
        files_damage(elsewhere, f"update messages set attachments = {other} where id = {FILED}", FILED),
        files_damage(
            elsewhere, f"update private.deleted_messages set {url} where message_id = {HIDDEN}", HIDDEN
        ),
        files_damage(
            "its message is deleted, but Storage still shows it",
            f"delete from private.deleted_attachments where message_id = {HIDDEN}",
            HIDDEN,
        ),
        files_damage(
            "its message is not deleted, but Storage hides it",
            "insert into private.deleted_attachments (message_id, attachment_id, conversation_id) "
            f"select id, attachments -> 0 ->> 'id', conversation_id from messages where id = {FILED}",
            FILED,
        ),
    ]


def _of_messages() -> list[Damage]:
    empty, shows = "has neither text nor files", "is deleted, but its content is still visible"
    files, reactions = "its files are not valid", "its reactions are not valid"
    no_files = ("{}", '"file"', "null", "[null]", "[[]]", '[{"id": "1"}]')
    no_reactions = ("{}", "1", "null", "[null]", '[{"userId": "ann", "emoji": "👍"}]', '[{"userId": {}}]')
    twice = f"{reaction('sender_id')} || {reaction('sender_id')}"
    return [
        messages_damage("%s characters", "content = repeat('x', 4001)", "content_length"),
        messages_damage(empty, r"content = E' \t\r\n'", "not_empty"),
        messages_damage(empty, "content = null", "not_empty"),
        messages_damage(empty, "content = null, attachments = '[]'", "not_empty", which=FILED),
        messages_damage(shows, "content = 'secret'", "tombstone_empty", which=DELETED),
        messages_damage(shows, "attachments = '[]'", "tombstone_empty", which=DELETED),
        messages_damage(shows, f"reactions = {reaction('sender_id')}", "tombstone_empty", which=DELETED),
        *(messages_damage(files, f"attachments = '{it}'", "attachments_valid") for it in no_files),
        *(messages_damage(reactions, f"reactions = '{it}'", "reactions_valid") for it in no_reactions),
        messages_damage(reactions, f"reactions = {twice}", "reactions_valid"),
    ]


def _of_organizations() -> list[Damage]:
    deletion = f"delete from organizations where id = {NORTH} " + returning("organization %s", "id")
    led_by_nobody = f"update organization_members set role = 'member' where organization_id = {NORTH} "
    return [
        Damage("organizations", "does not exist", deletion),
        Damage("organizations", "has no owner", f"{led_by_nobody} returning 'organization north'"),
    ]


def _of_references() -> list[Damage]:
    keys = f"update private.direct_conversations set %s where conversation_id = {PAIR}"
    one_of_trio = f"(select id from conversation_participants where conversation_id = {TRIO} limit 1)"
    return [
        orphans_damage("auth.identities.user_id", f"delete from auth.users where id = {MEMBER}"),
        orphans_damage("user_profiles.id", f"delete from auth.users where id = {MEMBER}"),
        orphans_damage(
            "organization_members.organization_id", f"delete from organizations where id = {NORTH}"
        ),
        orphans_damage("organization_members.user_id", f"delete from user_profiles where id = {MEMBER}"),
        orphans_damage("conversations.organization_id", f"delete from organizations where id = {NORTH}"),
        orphans_damage(
            "conversations.created_by", f"update conversations set created_by = {FIRST} where id = {TRIO}"
        ),
        orphans_damage(
            "conversation_participants.conversation_id", f"delete from conversations where id = {TRIO}"
        ),
        orphans_damage(
            "conversation_participants.user_id",
            f"update conversation_participants set user_id = {FIRST} where id = {one_of_trio}",
        ),
        orphans_damage(
            "messages.conversation_id, organization_id", f"delete from conversations where id = {TRIO}"
        ),
        orphans_damage(
            "messages.conversation_id, organization_id",
            f"update messages set organization_id = {SOUTH} where id = {PLAIN}",
        ),
        orphans_damage("messages.sender_id", f"update messages set sender_id = {FIRST} where id = {PLAIN}"),
        orphans_damage("deleted_messages.message_id", f"delete from messages where id = {DELETED}"),
        orphans_damage(
            "deleted_messages.message_id",
            f"update private.deleted_messages set conversation_id = {TRIO} where message_id = {DELETED}",
        ),
        orphans_damage(
            "deleted_attachments.message_id",
            f"delete from private.deleted_messages where message_id = {HIDDEN}",
        ),
        orphans_damage("direct_conversations.user_a, user_b", keys % f"user_a = {FIRST}"),
        orphans_damage("direct_conversations.user_a, user_b", keys % f"user_b = {LAST}"),
        orphans_damage(
            "direct_conversations.conversation_id", f"delete from conversations where id = {PAIR}"
        ),
        orphans_damage(
            "read_states.conversation_id, user_id",
            f"delete from conversation_participants where conversation_id = {TRIO}",
        ),
    ]


def _of_people() -> list[Damage]:
    wrote, outside = (
        "wrote messages but is not a participant",
        "is a participant but not a member of the organization",
    )
    a_writer = f"(select sender_id from messages where conversation_id = {TRIO} order by seq limit 1)"
    live = f"(select min(seq) from messages where conversation_id = {TRIO} and deleted_at is null)"
    return [
        people_damage(
            "created the conversation but is not a participant",
            f"update conversations set created_by = {OUTSIDER} where id = {TRIO}",
            "id, created_by",
        ),
        people_damage(
            wrote,
            f"update messages set sender_id = {OUTSIDER} where conversation_id = {TRIO} and seq = 7",
            "conversation_id, sender_id",
        ),
        people_damage(
            wrote,
            f"delete from conversation_participants where conversation_id = {TRIO} and user_id = {a_writer}",
        ),
        people_damage(
            "reacted but is not a participant",
            f"update messages set reactions = {reaction(OUTSIDER)} "
            f"where conversation_id = {TRIO} and seq = {live}",
            f"conversation_id, {OUTSIDER.replace(', ', ',')}",
        ),
        people_damage(
            outside,
            f"insert into conversation_participants ({PARTICIPANT_KEY}) select {TRIO}, {STRANGER}",
        ),
        people_damage(
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
            + returning("user %s", "m.sender_id"),
        ),
    ]


def _of_conversations() -> list[Damage]:
    read = "has read up to seq %s and seen %s messages; a recount gives %s and %s"
    group, direct = "a group of %s participants", "a direct conversation of %s participants"
    pair = "its key in direct_conversations does not match its participants"
    keys = "update private.direct_conversations set"
    state = f"update private.read_states t set %s where conversation_id = {EVERYONE} and user_id = {MEMBER}"
    one_of_trio = f"(select id from conversation_participants where conversation_id = {TRIO} limit 1)"
    a_reader = f"""(
      select user_id from private.read_states
      where conversation_id = {EVERYONE} and last_read_seq > 5
      order by user_id limit 1
    )"""
    return [
        read_states_damage(
            "has no read state",
            f"delete from private.read_states t where conversation_id = {EVERYONE} and user_id = {MEMBER}",
        ),
        read_states_damage(read, state % "seen_count = seen_count + 1"),
        read_states_damage(read, state % "last_read_seq = last_read_seq + 1"),
        read_states_damage(
            read,
            "update conversation_participants t set last_read_at = m.created_at from messages m "
            f"where m.conversation_id = t.conversation_id and m.seq = 2 "
            f"and t.conversation_id = {EVERYONE} and t.user_id = {a_reader}",
        ),
        sizes_damage(group, f"delete from conversation_participants where id = {one_of_trio}"),
        sizes_damage(
            group,
            f"insert into conversation_participants ({PARTICIPANT_KEY}) "
            f"select {EVERYONE}, gen_random_uuid() from generate_series(1, 42)",
        ),
        sizes_damage(
            direct, f"insert into conversation_participants ({PARTICIPANT_KEY}) select {PAIR}, {STRANGER}"
        ),
        sizes_damage(direct, f"delete from conversation_participants where conversation_id = {PAIR}"),
        sizes_damage(pair, f"delete from private.direct_conversations where conversation_id = {PAIR}"),
        sizes_damage(pair, f"{keys} organization_id = {SOUTH} where conversation_id = {PAIR}"),
        sizes_damage(pair, f"{keys} user_a = {FIRST} where conversation_id = {PAIR}"),
        sizes_damage(pair, f"{keys} user_b = {LAST} where conversation_id = {PAIR}"),
        sizes_damage(
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
        times_damage("older than its conversation", "created_at = '2020-01-01'"),
        times_damage("older than the message before it", f"created_at = {before}"),
        times_damage(changed, "updated_at = created_at - interval '1 microsecond'"),
        times_damage(changed, "deleted_at = created_at - interval '1 microsecond'", DELETED),
        times_damage("sent in the future", "created_at = now() + interval '1 hour'"),
        Damage(
            "times",
            "joined before the conversation was created",
            "update conversation_participants set joined_at = '2020-01-01' "
            f"where conversation_id = {EVERYONE} and user_id = {MEMBER} "
            + returning("participant %s of conversation %s", "user_id", "conversation_id"),
        ),
        Damage(
            "times",
            "joined before the organization was created",
            "update organization_members set joined_at = '2020-01-01' "
            f"where organization_id = {NORTH} and user_id = {MEMBER} "
            + returning("member %s of organization %s", "user_id", "organization_id"),
        ),
        Damage(
            "tombstones",
            "is deleted, but its content is not kept",
            f"delete from private.deleted_messages where message_id = {DELETED} "
            + returning("message %s", "message_id"),
        ),
        Damage(
            "tombstones",
            "is not deleted, but its content is kept as if it were",
            f"update messages set deleted_at = null, content = 'back' where id = {DELETED} "
            + returning("message %s", "id"),
        ),
    ]


def _of_users() -> list[Damage]:
    other_email, somebody_else = "has a different email in the profile", "has the identity of another user"
    lacks = "lacks values that Auth needs: instance, audience, role, tokens or times"
    needed = (
        "instance_id", "aud", "role", "confirmation_token", "recovery_token", "email_change_token_new",
        "email_change", "email_change_token_current", "email_change_confirm_status", "phone_change",
        "phone_change_token", "reauthentication_token", "created_at", "updated_at", "raw_app_meta_data",
    )  # fmt: skip
    return [
        Damage(
            "users",
            "does not exist",
            f"delete from auth.users where id = {MEMBER} " + returning("user %s", "id"),
        ),
        users_damage("has no identity", f"delete from auth.identities where user_id = {MEMBER}"),
        identity_damage("has no identity", "provider = 'phone'"),
        users_damage("has no profile", f"delete from user_profiles where id = {MEMBER}"),
        users_damage(other_email, f"update user_profiles set email = 'x@x.example' where id = {MEMBER}"),
        users_damage(other_email, f"update user_profiles set email = null where id = {MEMBER}"),
        auth_damage(other_email, "email = 'x@x.example'"),
        auth_damage("has an email that is not in lower case", "email = upper(email)"),
        identity_damage(somebody_else, "provider_id = gen_random_uuid()::text"),
        identity_damage(somebody_else, 'identity_data = identity_data || \'{"email": "x@x.example"}\''),
        identity_damage(somebody_else, "identity_data = identity_data - 'email'"),
        auth_damage("has no password", "encrypted_password = ''"),
        auth_damage("has no password", "encrypted_password = null"),
        auth_damage("is not confirmed", "email_confirmed_at = null"),
        auth_damage("is banned", "banned_until = now() + interval '1 day'"),
        auth_damage("can sign in only with SSO", "is_sso_user = true"),
        *(auth_damage(lacks, f"{column} = null") for column in needed),
        auth_damage(lacks, "aud = 'anon'"),
        auth_damage(lacks, "role = 'anon'"),
        auth_damage(lacks, "instance_id = gen_random_uuid()"),
    ]
