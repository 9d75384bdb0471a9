"""Privileges and roles, which no policy checks."""

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
    Hole(
        "all users, with their hashed passwords",
        "table of the platform",
        "grant select on auth.users to authenticated",
        ("unlisted:auth.users:privileges",),
        LEAST,
        as_superuser=True,
    ),
    Hole(
        "authenticator deletes messages itself",
        "role",
        "grant delete on messages to authenticator",
        ("role:authenticator:public.messages",),
        LEAST,
    ),
    Hole(
        "authenticator reads what was deleted",
        "role",
        """
        grant usage on schema private to authenticator;
        grant select on private.deleted_messages to authenticator
        """,
        ("role:authenticator:private.deleted_messages",),
        LEAST,
    ),
    Hole(
        "anon enters private",
        "schema",
        "grant usage on schema private to anon",
        ("privilege:private:anon usage",),
        LEAST,
    ),
    Hole(
        "clients may make objects in public",
        "schema",
        "grant create on schema public to authenticated",
        ("privilege:public:authenticated create",),
        LEAST,
    ),
    Hole(
        "PostgREST is told to expose private",
        "role setting",
        "alter role authenticator set pgrst.db_schemas = 'public, private'",
        ("role:authenticator:setting pgrst.db_schemas",),
        LEAST,
        as_superuser=True,
    ),
    Hole(
        "PostgREST calls another function before each request",
        "role setting",
        "alter role authenticator set pgrst.db_pre_request = 'public.check_message_rate_limit'",
        ("role:authenticator:setting pgrst.db_pre_request",),
        LEAST,
        as_superuser=True,
    ),
    Hole(
        "anon may call a function beside the one before each request",
        "grant",
        """
        create function chat_hooks.more() returns void language sql return null;
        revoke execute on function chat_hooks.more() from public;
        grant execute on function chat_hooks.more() to anon
        """,
        ("unlisted:chat_hooks.more():execute", "privilege:chat_hooks.more():execute"),
        LEAST,
    ),
    Hole(
        "no trigger fires for authenticated",
        "role setting",
        "alter role authenticated set session_replication_role = replica",
        ("role:authenticated:setting session_replication_role",),
        LEAST,
        as_superuser=True,
    ),
    Hole(
        "authenticated may switch triggers off",
        "role",
        "grant set on parameter session_replication_role to authenticated",
        ("role:authenticated:sets session_replication_role",),
        LEAST,
        as_superuser=True,
    ),
    Hole(
        "anon logs in by itself",
        "role",
        "alter role anon login",
        ("role:anon:login",),
        LEAST,
        as_superuser=True,
    ),
    Hole(
        "clients may make schemas",
        "schema",
        """
        do $$ begin
          execute format('grant create on database %I to authenticated', current_database());
        end $$
        """,
        ("role:authenticated:create",),
        LEAST,
    ),
    Hole(
        "row-level security is off for every session",
        "role setting",
        "do $$ begin execute format('alter database %I set row_security = off', current_database()); end $$",
        ("role:authenticator:setting row_security",),
        LEAST,
    ),
    Hole(
        "the catalogue of passwords",
        "system catalogue",
        "grant select on pg_authid to authenticated",
        ("privilege:pg_catalog.pg_authid:authenticated select",),
        LEAST,
        as_superuser=True,
    ),
    Hole(
        "any file of the server",
        "system catalogue",
        "grant execute on function pg_read_file(text) to authenticated",
        ("privilege:pg_catalog.pg_read_file(text):authenticated execute",),
        LEAST,
        as_superuser=True,
    ),
]
