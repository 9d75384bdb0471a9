"""Helpers of policies and functions: the caller, the caller's organizations and conversations."""

from __future__ import annotations

from tests.holes.hole import (
    CONVERSATIONS,
    DETAILS,
    LEAST,
    MESSAGES,
    ORGANIZATIONS,
    PAGE,
    PARTICIPANTS,
    PROFILES,
    UNREAD,
    Hole,
    edited,
)

HOLES = [
    Hole(
        "p_user_id is believed",
        "argument trusted",
        """
        create or replace function private.require_caller(p_user_id uuid) returns void
        language plpgsql stable set search_path = '' as $$ begin return; end $$
        """,
        (f"leak:{UNREAD}:call", f"leak:{DETAILS}:call"),
        (UNREAD, DETAILS),
        ("colleague",),
    ),
    Hole(
        "nobody in particular may be asked for",
        "null comparison",
        edited("private.require_caller(uuid)", "if p_user_id = ", "if p_user_id is null or p_user_id = "),
        (f"leak:{UNREAD}:call",),
        (UNREAD,),
        ("nobody", "suspended"),
    ),
    Hole(
        "whoever is null is not somebody else",
        "null comparison",
        """
        create or replace function private.require_caller(p_user_id uuid) returns void
        language plpgsql stable set search_path = '' as $$
        begin
          if p_user_id <> private.current_user_id() and not private.is_trusted() then
            raise insufficient_privilege using message = 'p_user_id must be the caller', hint = 'FORBIDDEN';
          end if;
        end
        $$
        """,
        (f"leak:{DETAILS}:call", "leak:private.require_caller(uuid):call"),
        (DETAILS, "private.require_caller(uuid)"),
        ("suspended", "no claims"),
    ),
    Hole(
        "inside its owner's function everybody is trusted",
        "definer asks who it is",
        edited(
            "private.is_trusted()",
            "coalesce(nullif(current_setting('role', true), 'none'), session_user)",
            "current_user",
        ),
        (f"leak:{PAGE}:call", "leak:private.is_trusted():call"),
        (PAGE, "private.is_trusted()"),
        ("nobody", "outsider"),
    ),
    Hole(
        "suspended users are served",
        "suspension forgotten",
        """
        create or replace function private.current_user_id() returns uuid
        language sql stable security definer set search_path = '' as $$
          select nullif(
            substring(current_setting('request.jwt.claims', true) from '"sub": "([0-9a-f-]{36})"'), ''
          )::uuid
        $$
        """,
        ("leak:public.messages:select",),
        (MESSAGES,),
        ("suspended",),
    ),
    Hole(
        "a suspension without an end has none",
        "suspension forgotten",
        """
        create or replace view private.suspended as
        select s.user_id from private.suspensions s where s.suspended_until > now()
        """,
        ("leak:public.conversations:select", "leak:private.current_user_id():call"),
        (CONVERSATIONS, "private.current_user_id()"),
        ("suspended",),
    ),
    Hole(
        "removed from the organization, still a participant",
        "former member",
        """
        create or replace view private.my_participations with (security_barrier = true) as
        select cp.conversation_id, c.organization_id
        from public.conversation_participants cp join public.conversations c on c.id = cp.conversation_id
        where cp.user_id = (select private.current_user_id())
        """,
        ("leak:public.conversation_participants:select",),
        (PARTICIPANTS,),
        ("removed",),
    ),
    Hole(
        "removed from the organization, still reading its messages",
        "former member",
        """
        create or replace view private.my_listings with (security_barrier = true) as
        select cp.conversation_id, c.organization_id
        from public.conversation_participants cp join public.conversations c on c.id = cp.conversation_id
        where cp.user_id = (select private.current_user_id())
        """,
        ("leak:public.messages:select", "leak:private.my_listings:select"),
        (MESSAGES, "private.my_listings"),
        ("removed",),
    ),
    Hole(
        "a member of any organization takes part",
        "across organizations",
        """
        create or replace view private.my_participations with (security_barrier = true) as
        select cp.conversation_id, c.organization_id
        from public.conversation_participants cp
        join public.conversations c on c.id = cp.conversation_id
        join public.organization_members om on om.organization_id = c.organization_id
        where cp.user_id = (select private.current_user_id())
        """,
        ("leak:public.conversations:select", "leak:private.my_participations:select"),
        (CONVERSATIONS, "private.my_participations"),
        ("removed",),
    ),
    Hole(
        "the participants of the organization",
        "organization instead of participant",
        """
        create or replace view private.my_participations with (security_barrier = true) as
        select cp.conversation_id, c.organization_id
        from public.conversation_participants cp
        join public.conversations c on c.id = cp.conversation_id
        join public.organization_members om on om.organization_id = c.organization_id
        where om.user_id = (select private.current_user_id())
        """,
        ("leak:public.conversation_participants:select",),
        (PARTICIPANTS,),
        ("colleague", "left"),
    ),
    Hole(
        "every organization is mine",
        "exists without the row",
        """
        create or replace view private.my_organizations with (security_barrier = true) as
        select om.organization_id
        from public.organization_members om
        where (select private.current_user_id()) is not null
        """,
        ("leak:public.organizations:select", "leak:private.my_organizations:select"),
        (ORGANIZATIONS, "private.my_organizations"),
        ("nobody", "outsider", "anonymous"),
    ),
    Hole(
        "who once talked is a colleague",
        "former member",
        """
        create or replace view private.my_colleagues with (security_barrier = true) as
        select them.user_id
        from public.conversation_participants me
        join public.conversation_participants them on them.conversation_id = me.conversation_id
        where me.user_id = (select private.current_user_id())
        """,
        ("leak:public.user_profiles:select",),
        (PROFILES,),
        ("removed", "sender"),
    ),
    Hole(
        "files that were deleted where others talk",
        "exists without the row",
        """
        create or replace view private.my_hidden_attachments with (security_barrier = true) as
        select d.conversation_id, d.attachment_id, d.sender_id from private.deleted_attachments d
        """,
        ("leak:private.my_hidden_attachments:select",),
        ("private.my_hidden_attachments",),
        ("nobody", "colleague"),
    ),
    Hole(
        "the linter wants security_invoker",
        "policy that raises",
        """
        alter view private.participations set (security_invoker = true);
        alter view private.my_participations set (security_invoker = true);
        alter view private.my_listings set (security_invoker = true);
        grant select on private.participations to authenticated
        """,
        (),
        (MESSAGES,),
        doubts=("public.messages:select",),  # 42P17: policy and view refer to each other
    ),
    Hole(
        "any attachment will do",
        "validation gone",
        """
        create or replace function private.valid_attachments(attachments jsonb) returns boolean
        language sql immutable set search_path = '' as $$ select true $$
        """,
        ("leak:private.valid_attachments(jsonb):call",),
        ("private.valid_attachments(jsonb)",),
        ("participant", "nobody"),
    ),
    Hole(
        "reactions of others can be made",
        "in another's name",
        edited("private.merge_reactions(jsonb, jsonb, uuid)", "or coalesce(", "or true or coalesce("),
        ("effect:public.messages:update reactions [1]",),
        (MESSAGES,),
        ("participant", "sender"),
    ),
    Hole(
        "a helper that nobody listed",
        "function that nobody listed",
        """
        create function private.all_messages() returns setof public.messages
        language sql security definer set search_path = '' as $$ select * from public.messages $$
        """,
        ("unlisted:private.all_messages():execute",),
        LEAST,
    ),
    Hole(
        "who is asking is remembered for the session",
        "state of the session",
        edited(
            "private.claimed_user_id()",
            "return named;",
            "perform set_config('chat.user_id', named::text, false); return named;",
        )
        + ";"
        + edited(
            "private.claimed_user_id()",
            "named := coalesce(",
            "named := coalesce(nullif(current_setting('chat.user_id', true), ''),",
        ),
        ("lint:private.claimed_user_id():setting_outlives_transaction",),
        LEAST,
    ),
]
