"""Objects that are reachable unintentionally."""

from __future__ import annotations

from tests.holes.hole import LEAST, UNREAD, Hole

HOLES = [
    Hole(
        "a view that reads as its owner",
        "view of its owner",
        "create view public.all_messages as select * from public.messages",
        ("unlisted:public.all_messages:privileges", "row-security:public.all_messages:security_invoker"),
        LEAST,
    ),
    Hole(
        "users with their addresses",
        "view of its owner",
        """
        create view public.users as
        select u.id, u.email, u.raw_user_meta_data ->> 'full_name' as full_name from auth.users u
        """,
        ("unlisted:public.users:privileges", "row-security:public.users:security_invoker"),
        LEAST,
    ),
    Hole(
        "statistics of all conversations",
        "materialized view",
        """
        create materialized view public.conversation_stats as
        select c.id, c.name, count(m.id) as messages, max(m.content) as sample
        from public.conversations c left join public.messages m on m.conversation_id = c.id group by c.id
        """,
        (
            "unlisted:public.conversation_stats:privileges",
            "row-security:public.conversation_stats:security_invoker",
        ),
        LEAST,
    ),
    Hole(
        "a new table left open",
        "table left open",
        "create table public.drafts (id uuid primary key, body text)",
        ("unlisted:public.drafts:privileges", "row-security:public.drafts:off"),
        LEAST,
    ),
    Hole(
        "a backup before the migration",
        "table left open",
        "create table public.messages_backup as table public.messages",
        ("unlisted:public.messages_backup:privileges", "row-security:public.messages_backup:off"),
        LEAST,
    ),
    Hole(
        "a partition without policies of its own",
        "partition",
        """
        create table public.events (at timestamptz not null, body text) partition by range (at);
        alter table public.events enable row level security;
        revoke all on public.events from anon, authenticated;
        create table public.events_2026 partition of public.events
        for values from ('2026-01-01') to ('2027-01-01')
        """,
        ("unlisted:public.events_2026:privileges", "row-security:public.events_2026:off"),
        LEAST,
    ),
    Hole(
        "old messages in a table that inherits",
        "partition",
        "create table public.messages_2025 () inherits (public.messages)",
        ("unlisted:public.messages_2025:privileges", "row-security:public.messages_2025:off"),
        LEAST,
    ),
    Hole(
        "a sequence of ticket numbers",
        "sequence",
        "create sequence public.ticket_numbers",
        ("unlisted:public.ticket_numbers:privileges",),
        LEAST,
    ),
    Hole(
        "a schema that anon may enter",
        "schema",
        "create schema backoffice; grant usage on schema backoffice to anon",
        ("unlisted:backoffice:usage",),
        LEAST,
    ),
    Hole(
        "a table of private is granted",
        "table of private",
        "grant select on private.deleted_messages to authenticated",
        ("unlisted:private.deleted_messages:privileges",),
        LEAST,
    ),
    Hole(
        "one column of private, for a policy",
        "table of private",
        "grant select (user_id) on private.suspensions to authenticated",
        ("unlisted:private.suspensions:privileges",),
        LEAST,
    ),
    Hole(
        "whatever will be made in private",
        "default privileges",
        """
        alter default privileges in schema private grant select on tables to authenticated;
        create table private.api_keys (id uuid primary key, secret text)
        """,
        ("unlisted:private.api_keys:privileges",),
        LEAST,
    ),
    Hole(
        "functions of private are PUBLIC's when made",
        "default privileges",
        """
        create function private.purge_everything() returns void
        language sql security definer set search_path = '' as $$ delete from public.messages $$
        """,
        ("unlisted:private.purge_everything():execute", "privilege:private.purge_everything():execute"),
        LEAST,
    ),
    Hole(
        "a function of the other exposed schema",
        "function that nobody listed",
        """
        create function graphql_public.search(q text) returns setof public.messages
        language sql stable security definer set search_path = '' as $$
          select * from public.messages m where m.content ilike '%' || q || '%'
        $$
        """,
        ("unlisted:graphql_public.search(text):execute", "privilege:graphql_public.search(text):execute"),
        LEAST,
        as_superuser=True,
    ),
    Hole(
        "the sender is an argument",
        "function that nobody listed",
        """
        create function public.send_message_as(p_conversation_id uuid, p_sender_id uuid, p_content text)
        returns uuid language sql security definer set search_path = '' as $$
          insert into public.messages (organization_id, conversation_id, sender_id, content)
          select c.organization_id, c.id, p_sender_id, p_content
          from public.conversations c where c.id = p_conversation_id
          returning id
        $$
        """,
        (
            "unlisted:public.send_message_as(uuid, uuid, text):execute",
            "privilege:public.send_message_as(uuid, uuid, text):execute",
        ),
        LEAST,
    ),
    Hole(
        "any SQL, for the admin page",
        "function that nobody listed",
        """
        create function public.exec_sql(query text) returns void
        language plpgsql security definer as $$ begin execute query; end $$
        """,
        ("unlisted:public.exec_sql(text):execute", "definer:public.exec_sql(text):search_path"),
        LEAST,
    ),
    Hole(
        "an overload that the page's guard does not know",
        "function that nobody listed",
        """
        create function public.get_messages_page(p_conversation_id uuid) returns setof public.messages
        language sql stable security definer set search_path = '' as $$
          select * from public.messages m where m.conversation_id = p_conversation_id
        $$
        """,
        ("unlisted:public.get_messages_page(uuid):execute",),
        LEAST,
    ),
    Hole(
        "a function that nobody listed",
        "function that nobody listed",
        """
        create function public.everything() returns setof public.messages
        language sql security definer as $$ select * from public.messages $$
        """,
        ("unlisted:public.everything():execute", "definer:public.everything():search_path"),
        LEAST,
    ),
    Hole(
        "the function follows the caller's search_path",
        "open search_path",
        "alter function public.get_unread_count(uuid, uuid) reset search_path",
        (f"definer:{UNREAD}:search_path",),
        LEAST,
    ),
    Hole(
        "the search_path begins with public",
        "open search_path",
        "alter function private.is_trusted() set search_path = public, pg_temp",
        ("definer:private.is_trusted():search_path",),
        LEAST,
    ),
    Hole(
        "whatever will be made in private, before anything is",
        "default privileges",
        "alter default privileges in schema private grant select on tables to authenticated",
        ("lint:tables in private:default_privileges",),
        LEAST,
    ),
]
