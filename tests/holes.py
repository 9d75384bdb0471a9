"""Holes as they are made by hand: what somebody might write, and where the audit must find it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Hole:
    """``sql`` opens it; ``findings`` must be reported, with one of ``identities`` where they are of people.

    ``doubts`` instead where a constraint or trigger behind the open door stops what came through: the audit
    cannot tell, and says so.
    """

    name: str
    sql: str
    findings: tuple[str, ...]
    only: tuple[str, ...]
    identities: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


PAGE = "public.get_messages_page(uuid, bigint, integer)"
UNREAD = "public.get_unread_count(uuid, uuid)"
MESSAGES = ("public.messages",)
PARTICIPANTS = ("public.conversation_participants",)
OBJECTS = ("storage.objects",)

HOLES = [
    Hole(
        "row-level security off",
        "alter table messages disable row level security",
        ("row-security:public.messages:enable", "leak:public.messages:select"),
        MESSAGES,
        ("nobody", "outsider"),
    ),
    Hole(
        "everybody reads messages",
        "create policy open on messages for select to authenticated using (true)",
        ("leak:public.messages:select", "leak:public.messages:select content"),
        MESSAGES,
        ("nobody",),
    ),
    Hole(
        "colleagues read messages",
        """
        create policy open on messages for select to authenticated using (
          exists (select from private.my_organizations o where o.organization_id = messages.organization_id)
        )
        """,
        ("leak:public.messages:select",),
        MESSAGES,
        ("colleague",),
    ),
    Hole(
        "the policy of reading is gone",
        'drop policy "participants read messages" on messages',
        ("missing:public.messages:select",),
        MESSAGES,
        ("participant",),
    ),
    Hole(
        "anon may select",
        "grant select on messages to anon",
        ("privilege:public.messages:anon select (content)",),
        MESSAGES,
    ),
    Hole(
        "clients may truncate",
        "grant truncate on messages to authenticated",
        ("privilege:public.messages:authenticated truncate", "leak:public.messages:truncate"),
        MESSAGES,
    ),
    Hole(
        "a page without its guard",
        """
        create or replace function public.get_messages_page(
          p_conversation_id uuid, p_before bigint default null, p_limit integer default 50
        )
        returns table (
          id uuid, conversation_id uuid, sender_id uuid, content text, attachments jsonb, reactions jsonb,
          created_at timestamptz, updated_at timestamptz, seq bigint,
          sender_email text, sender_full_name text, sender_avatar_url text
        )
        language sql stable security definer set search_path = '' as $$
          select m.id, m.conversation_id, m.sender_id, m.content, m.attachments, m.reactions,
            m.created_at, m.updated_at, m.seq, null::text, null::text, null::text
          from public.messages m where m.conversation_id = p_conversation_id and m.deleted_at is null
        $$
        """,
        (f"leak:{PAGE}:call",),
        (PAGE,),
        ("colleague", "removed"),
    ),
    Hole(
        "p_user_id is believed",
        """
        create or replace function private.require_caller(p_user_id uuid) returns void
        language plpgsql stable set search_path = '' as $$ begin return; end $$
        """,
        (f"leak:{UNREAD}:call", "leak:public.get_conversations_with_details(uuid):call"),
        (UNREAD, "public.get_conversations_with_details(uuid)"),
        ("colleague",),
    ),
    Hole(
        "anon may call",
        "grant execute on function send_message(uuid, text, jsonb) to anon",
        ("privilege:public.send_message(uuid, text, jsonb):execute",),
        ("public.send_message(uuid, text, jsonb)",),
    ),
    Hole(
        "PUBLIC may call",
        "grant execute on function check_message_rate_limit() to public",
        ("privilege:public.check_message_rate_limit():execute",),
        ("public.check_message_rate_limit()",),
    ),
    Hole(
        "a function that nobody listed",
        """
        create function public.everything() returns setof public.messages
        language sql security definer as $$ select * from public.messages $$
        """,
        ("unlisted:public.everything():execute", "definer:public.everything():search_path"),
        ("public.organizations",),
    ),
    Hole(
        "a helper that nobody listed",
        """
        create function private.all_messages() returns setof public.messages
        language sql security definer set search_path = '' as $$ select * from public.messages $$
        """,
        ("unlisted:private.all_messages():execute",),
        ("public.organizations",),
    ),
    Hole(
        "a view that reads as its owner",
        "create view public.all_messages as select * from public.messages",
        ("unlisted:public.all_messages:privileges", "row-security:public.all_messages:security_invoker"),
        ("public.organizations",),
    ),
    Hole(
        "a new table left open",
        "create table public.drafts (id uuid primary key, body text)",
        ("unlisted:public.drafts:privileges", "row-security:public.drafts:enable"),
        ("public.organizations",),
    ),
    Hole(
        "a schema that anon may enter",
        "create schema backoffice; grant usage on schema backoffice to anon",
        ("unlisted:backoffice:usage",),
        ("public.organizations",),
    ),
    Hole(
        "a table of private is granted",
        "grant select on private.deleted_messages to authenticated",
        ("unlisted:private.deleted_messages:privileges",),
        ("public.organizations",),
    ),
    Hole(
        "the bucket is public",
        "update storage.buckets set public = true where id = 'attachments'",
        ("bucket:bucket attachments:public",),
        ("public.organizations",),
    ),
    Hole(
        "a second bucket",
        "insert into storage.buckets (id, name, public) values ('exports', 'exports', true)",
        ("unlisted:bucket exports:exists",),
        ("public.organizations",),
    ),
    Hole(
        "uploads without the organization",
        """
        create policy loose on storage.objects for insert to authenticated with check (
          bucket_id = 'attachments' and exists (
            select from private.my_participations p
            where p.conversation_id::text = (storage.foldername(name))[3]
          )
        )
        """,
        ("leak:storage.objects:insert",),
        OBJECTS,
        ("participant",),
    ),
    Hole(
        "every signed-in user lists files",
        """
        create policy loose on storage.objects for select to authenticated using (bucket_id = 'attachments')
        """,
        ("leak:storage.objects:select",),
        OBJECTS,
        ("nobody", "left"),
    ),
    Hole(
        "a folder that is cast to uuid",
        """
        create policy careless on storage.objects for select to authenticated using (
          exists (
            select from private.my_participations p
            where p.conversation_id = ((storage.foldername(name))[3])::uuid
          )
        )
        """,
        (),
        OBJECTS,
        doubts=("storage.objects:select",),
    ),
    Hole(
        "sending where one takes no part",
        """
        create policy loose on messages for insert to authenticated
        with check (sender_id = (select private.current_user_id()))
        """,
        (),
        MESSAGES,
        doubts=("public.messages:insert",),  # the trigger gives strangers no seq
    ),
    Hole(
        "sending as somebody else",
        """
        create policy loose on messages for insert to authenticated with check (
          exists (select from private.my_participations p where p.conversation_id = messages.conversation_id)
        )
        """,
        (),
        MESSAGES,
        doubts=("public.messages:insert",),
    ),
    Hole(
        "sending as somebody else, and no trigger behind the policy",
        """
        create policy loose on messages for insert to authenticated with check (
          exists (select from private.my_participations p where p.conversation_id = messages.conversation_id)
        );
        create or replace function private.messages_before_insert() returns trigger
        language plpgsql security definer set search_path = '' as $$
        begin
          update public.conversations c
          set last_seq = c.last_seq + 1, last_message_seq = c.last_seq + 1,
            message_count = c.message_count + 1
          where c.id = new.conversation_id
          returning c.last_seq into new.seq;
          return new;
        end
        $$
        """,
        ("leak:public.messages:insert",),
        MESSAGES,
        ("participant",),
    ),
    Hole(
        "clients write seq",
        "grant update (seq) on messages to authenticated",
        ("privilege:public.messages:authenticated update (seq)",),
        MESSAGES,
    ),
    Hole(
        "clients write created_at",
        "grant insert (created_at), update (created_at) on conversations to authenticated",
        (
            "privilege:public.conversations:authenticated insert (created_at)",
            "leak:public.conversations:insert with created_at",
            "leak:public.conversations:update created_at",
        ),
        ("public.conversations",),
        ("creator",),
    ),
    Hole(
        "one adds oneself to a group",
        """
        create policy loose on conversation_participants for insert to authenticated
        with check (user_id = (select private.current_user_id()))
        """,
        ("leak:public.conversation_participants:insert",),
        PARTICIPANTS,
        ("colleague",),
    ),
    Hole(
        "no guard on what a participant changes",
        "drop trigger messages_before_update on messages",
        ("leak:public.messages:update content", "leak:public.messages:update reactions [1]"),
        MESSAGES,
        ("participant",),
    ),
    Hole(
        "suspended users are served",
        """
        create or replace function private.current_user_id() returns uuid
        language sql stable security definer set search_path = '' as $$
          select nullif(
            substring(current_setting('request.jwt.claims', true) from '"sub": "([0-9a-f-]{36})"'), ''
          )::uuid
        $$
        """,
        ("leak:public.messages:select",),
        MESSAGES,
        ("suspended",),
    ),
    Hole(
        "removed from the organization, still a participant",
        """
        create or replace view private.my_participations with (security_barrier = true) as
        select cp.conversation_id, c.organization_id
        from public.conversation_participants cp join public.conversations c on c.id = cp.conversation_id
        where cp.user_id = (select private.current_user_id())
        """,
        ("leak:public.messages:select", "leak:public.messages:insert"),
        MESSAGES,
        ("removed",),
    ),
    Hole(
        "profiles are published",
        "alter publication supabase_realtime add table user_profiles",
        ("publication:publication supabase_realtime:public.user_profiles",),
        ("public.organizations",),
    ),
    Hole(
        "deletions send the whole row",
        "alter table messages replica identity full",
        ("publication:publication supabase_realtime:public.messages replica identity",),
        ("public.organizations",),
    ),
    Hole(
        "user_metadata is believed",
        """
        create policy loose on organizations for select to authenticated
        using (current_setting('request.jwt.claims', true) like '%"is_admin": true%')
        """,
        ("leak:public.organizations:select",),
        ("public.organizations",),
        ("forged",),
    ),
    Hole(
        "a policy that raises for odd claims",
        "create policy careless on organizations for select to authenticated using (id = auth.uid())",
        ("raises:public.organizations:select",),
        ("public.organizations",),
        ("sub that is no uuid",),
    ),
    Hole(
        "everybody changes every profile, where nobody looks",
        """
        create policy loose on user_profiles for update to authenticated using (true) with check (true)
        """,
        (
            "leak:public.user_profiles:update full_name",
            "leak:public.user_profiles:update full_name without where",
        ),
        ("public.user_profiles",),
        ("nobody", "outsider"),
    ),
    Hole(
        "a blind update reaches rows that reading hides",
        """
        create policy loose on conversation_participants for update to authenticated
        using (true) with check (true)
        """,
        ("leak:public.conversation_participants:update is_muted without where",),
        PARTICIPANTS,
        ("nobody",),
    ),
    Hole(
        "participants remove each other",
        """
        create policy loose on conversation_participants for delete to authenticated using (
          exists (
            select from private.my_participations p
            where p.conversation_id = conversation_participants.conversation_id
          )
        )
        """,
        ("leak:public.conversation_participants:delete",),
        PARTICIPANTS,
        ("participant",),
    ),
    Hole(
        "the creator cannot read what it just made",
        """
        drop policy "participants read their conversations" on conversations;
        create policy narrow on conversations for select to authenticated using (
          exists (select from private.my_participations p where p.conversation_id = conversations.id)
        )
        """,
        ("missing:public.conversations:insert returning", "missing:public.conversations:select"),
        ("public.conversations",),
        ("creator",),
    ),
    Hole(
        "updated_at is what the client says",
        "drop trigger set_conversations_updated_at on conversations",
        ("effect:public.conversations:update updated_at",),
        ("public.conversations",),
        ("creator",),
    ),
    Hole(
        "reading in the future",
        "drop trigger participants_before_read on conversation_participants",
        ("effect:public.conversation_participants:update last_read_at",),
        PARTICIPANTS,
        ("participant",),
    ),
]
