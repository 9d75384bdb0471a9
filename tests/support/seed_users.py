"""Actions of users of a seeded world, in the trio of the north unless stated otherwise."""

from __future__ import annotations

from chatctl.db.connection import Connection
from tests.support.seeded import (
    as_user,
    colleague,
    colleague_in_trio,
    founder,
    north,
    others_of_trio,
    own_message,
    trio,
    value,
)


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
    conversation = value(
        conn, "select id from conversations where organization_id = %s and name = 'Everyone'", north(conn)
    )
    as_user(conn, reader, "select mark_conversation_read(%s)", conversation)


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


def reports(conn: Connection) -> None:
    as_user(conn, others_of_trio(conn)[0], "select report_message(%s, 'spam')", own_message(conn))


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
    """One of the others manages the group afterwards."""
    statement = "select create_group_conversation('new', %s::uuid[], %s)"
    conversation = as_user(conn, founder(conn), statement, others_of_trio(conn), north(conn))
    statement = "delete from conversation_participants where conversation_id = %s and user_id = %s"
    as_user(conn, founder(conn), statement, conversation, founder(conn))


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
