"""Privileges and roles: what no policy is asked about."""

from __future__ import annotations

from tests.holes.hole import CONVERSATIONS, LEAST, LIMIT, MESSAGES, PARTICIPANTS, PROFILES, Hole

SEND = "public.send_message(uuid, text, jsonb)"

HOLES = [
    Hole(
        "anon may select",
        "privilege of anon",
        "grant select on messages to anon",
        ("privilege:public.messages:anon select (content)",),
        LEAST,
    ),
    Hole(
        "PUBLIC may select",
        "privilege of anon",
        "grant select on organizations to public",
        ("privilege:public.organizations:anon select (name)",),
        LEAST,
    ),
    Hole(
        "anon may call",
        "privilege of anon",
        "grant execute on function send_message(uuid, text, jsonb) to anon",
        (f"privilege:{SEND}:execute",),
        LEAST,
    ),
    Hole(
        "PUBLIC may call",
        "privilege of anon",
        "grant execute on function check_message_rate_limit() to public",
        (f"privilege:{LIMIT}:execute",),
        LEAST,
    ),
    Hole(
        "clients may truncate",
        "privilege on a table",
        "grant truncate on messages to authenticated",
        ("privilege:public.messages:authenticated truncate", "leak:public.messages:truncate"),
        (MESSAGES,),
        ("nobody",),
    ),
    Hole(
        "everything, as the dashboard grants it",
        "privilege on a table",
        "grant all on conversation_participants to authenticated",
        (
            "privilege:public.conversation_participants:authenticated trigger",
            "privilege:public.conversation_participants:authenticated references (user_id)",
            "leak:public.conversation_participants:update joined_at",
        ),
        (PARTICIPANTS,),
        ("participant",),
    ),
    Hole(
        "clients write seq",
        "privilege on a column",
        "grant update (seq) on messages to authenticated",
        ("privilege:public.messages:authenticated update (seq)",),
        LEAST,
    ),
    Hole(
        "clients write created_at",
        "privilege on a column",
        "grant insert (created_at), update (created_at) on conversations to authenticated",
        (
            "privilege:public.conversations:authenticated insert (created_at)",
            "leak:public.conversations:insert with created_at",
            "leak:public.conversations:update created_at",
        ),
        (CONVERSATIONS,),
        ("creator",),
    ),
    Hole(
        "clients write how many messages there are",
        "privilege on a column",
        "grant update on conversations to authenticated",
        (
            "privilege:public.conversations:authenticated update (message_count)",
            "leak:public.conversations:update message_count",
            "leak:public.conversations:update last_seq",
        ),
        (CONVERSATIONS,),
        ("creator",),
    ),
    Hole(
        "senders take their name off",
        "privilege on a column",
        "grant update (sender_id) on messages to authenticated",
        (
            "privilege:public.messages:authenticated update (sender_id)",
            "leak:public.messages:update sender_id",
        ),
        (MESSAGES,),
        ("participant", "sender"),
    ),
    Hole(
        "clients choose the id of a message",
        "privilege on a column",
        "grant insert (id) on messages to authenticated",
        ("privilege:public.messages:authenticated insert (id)", "leak:public.messages:insert with id"),
        (MESSAGES,),
        ("participant",),
    ),
    Hole(
        "people change their address and not their login",
        "privilege on a column",
        "grant update (email) on user_profiles to authenticated",
        (
            "privilege:public.user_profiles:authenticated update (email)",
            "leak:public.user_profiles:update email",
        ),
        (PROFILES,),
        ("nobody", "participant"),
    ),
    Hole(
        "clients may no longer send attachments",
        "privilege gone",
        "revoke insert (attachments) on messages from authenticated",
        ("privilege:public.messages:authenticated insert (attachments)", "missing:public.messages:insert"),
        (MESSAGES,),
        ("participant",),
    ),
    Hole(
        "anon becomes authenticated",
        "role",
        "grant authenticated to anon",
        ("role:anon:becomes authenticated",),
        LEAST,
        as_superuser=True,
    ),
    Hole(
        "authenticated becomes service_role, for one job",
        "role",
        "grant service_role to authenticated",
        ("role:authenticated:becomes service_role",),
        LEAST,
        as_superuser=True,
    ),
    Hole(
        "authenticated reads all data",
        "role",
        "grant pg_read_all_data to authenticated",
        ("role:authenticated:becomes pg_read_all_data",),
        LEAST,
        as_superuser=True,
    ),
    Hole(
        "policies do not apply to authenticated",
        "role",
        "alter role authenticated bypassrls",
        ("role:authenticated:bypassrls", "leak:public.messages:select"),
        (MESSAGES,),
        as_superuser=True,
    ),
    Hole(
        "authenticator reads messages itself",
        "role",
        "grant select on messages to authenticator",
        ("role:authenticator:public.messages",),
        LEAST,
    ),
    Hole(
        "authenticated owns the table",
        "role",
        "alter table messages owner to authenticated",
        ("privilege:public.messages:authenticated truncate", "leak:public.messages:select"),
        (MESSAGES,),
        as_superuser=True,
    ),
]
