"""Functions that clients call, with guards that do not work."""

from __future__ import annotations

from tests.holes.hole import DETAILS, GROUP, LIMIT, MAY_ADD_ANYBODY, PAGE, UNREAD, Hole, edited

DEFAULT = "public.get_user_default_organization(uuid)"
MARK = "public.mark_conversation_read(uuid, bigint)"
PARTICIPANT = "public.is_conversation_participant(uuid, uuid)"
REACT = "public.toggle_reaction(uuid, text)"
SEND = "public.send_message(uuid, text, jsonb)"

HOLES = [
    Hole(
        "a page without its guard",
        "definer without guard",
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
        "the plan's get_unread_count",
        "argument trusted",
        """
        CREATE OR REPLACE FUNCTION public.get_unread_count(
            p_conversation_id UUID,
            p_user_id UUID
        )
        RETURNS INTEGER
        LANGUAGE sql
        SECURITY DEFINER
        STABLE
        AS $$
            SELECT COUNT(*)::INTEGER
            FROM public.messages m
            JOIN public.conversation_participants cp
                ON cp.conversation_id = m.conversation_id
                AND cp.user_id = p_user_id
            WHERE m.conversation_id = p_conversation_id
                AND m.created_at > COALESCE(cp.last_read_at, '1970-01-01'::TIMESTAMPTZ)
                AND m.sender_id != p_user_id
                AND m.deleted_at IS NULL;
        $$;
        GRANT EXECUTE ON FUNCTION public.get_unread_count(UUID, UUID) TO authenticated;
        """,
        (f"leak:{UNREAD}:call", f"definer:{UNREAD}:search_path"),
        (UNREAD,),
        ("nobody", "colleague", "outsider"),
    ),
    Hole(
        "the plan's get_conversations_with_details",
        "argument trusted",
        """
        CREATE OR REPLACE FUNCTION public.get_conversations_with_details(p_user_id UUID)
        RETURNS TABLE (
            conversation_id UUID,
            organization_id UUID,
            name TEXT,
            is_group BOOLEAN,
            created_by UUID,
            created_at TIMESTAMPTZ,
            updated_at TIMESTAMPTZ,
            is_starred BOOLEAN,
            is_muted BOOLEAN,
            last_read_at TIMESTAMPTZ,
            unread_count INTEGER,
            last_message_id UUID,
            last_message_content TEXT,
            last_message_created_at TIMESTAMPTZ,
            last_message_sender_id UUID,
            last_message_sender_name TEXT
        )
        LANGUAGE plpgsql
        SECURITY DEFINER
        STABLE
        AS $$
        BEGIN
            RETURN QUERY
            WITH user_conversations AS (
                SELECT
                    cp.conversation_id,
                    cp.is_starred,
                    cp.is_muted,
                    cp.last_read_at,
                    c.organization_id,
                    c.name,
                    c.is_group,
                    c.created_by,
                    c.created_at,
                    c.updated_at
                FROM conversation_participants cp
                JOIN conversations c ON c.id = cp.conversation_id
                WHERE cp.user_id = p_user_id
            ),
            last_messages AS (
                SELECT DISTINCT ON (m.conversation_id)
                    m.conversation_id,
                    m.id AS message_id,
                    m.content,
                    m.created_at AS message_created_at,
                    m.sender_id,
                    COALESCE(up.full_name, up.email) AS sender_name
                FROM messages m
                JOIN user_conversations uc ON m.conversation_id = uc.conversation_id
                LEFT JOIN user_profiles up ON m.sender_id = up.id
                WHERE m.deleted_at IS NULL
                ORDER BY m.conversation_id, m.created_at DESC
            ),
            unread_counts AS (
                SELECT
                    m.conversation_id,
                    COUNT(*)::INTEGER AS unread_count
                FROM messages m
                JOIN user_conversations uc ON m.conversation_id = uc.conversation_id
                WHERE m.created_at > COALESCE(uc.last_read_at, '1970-01-01'::TIMESTAMPTZ)
                    AND m.sender_id != p_user_id
                    AND m.deleted_at IS NULL
                GROUP BY m.conversation_id
            )
            SELECT
                uc.conversation_id,
                uc.organization_id,
                uc.name,
                uc.is_group,
                uc.created_by,
                uc.created_at,
                uc.updated_at,
                uc.is_starred,
                uc.is_muted,
                uc.last_read_at,
                COALESCE(urc.unread_count, 0) AS unread_count,
                lm.message_id AS last_message_id,
                lm.content AS last_message_content,
                lm.message_created_at AS last_message_created_at,
                lm.sender_id AS last_message_sender_id,
                lm.sender_name AS last_message_sender_name
            FROM user_conversations uc
            LEFT JOIN last_messages lm ON uc.conversation_id = lm.conversation_id
            LEFT JOIN unread_counts urc ON uc.conversation_id = urc.conversation_id
            ORDER BY COALESCE(lm.message_created_at, uc.created_at) DESC;
        END;
        $$;
        """,
        (f"leak:{DETAILS}:call", f"definer:{DETAILS}:search_path"),
        (DETAILS,),
        ("nobody", "removed", "suspended"),
    ),
    Hole(
        "the plan's get_user_default_organization",
        "argument trusted",
        """
        CREATE OR REPLACE FUNCTION public.get_user_default_organization(p_user_id UUID)
        RETURNS UUID
        LANGUAGE sql
        SECURITY DEFINER
        STABLE
        AS $$
            SELECT organization_id
            FROM public.organization_members
            WHERE user_id = p_user_id
            LIMIT 1;
        $$;
        """,
        (f"leak:{DEFAULT}:call", f"definer:{DEFAULT}:search_path"),
        (DEFAULT,),
        ("nobody", "outsider"),
    ),
    Hole(
        "the plan's is_conversation_participant",
        "argument trusted",
        """
        CREATE OR REPLACE FUNCTION public.is_conversation_participant(
            p_conversation_id UUID,
            p_user_id UUID DEFAULT auth.uid()
        )
        RETURNS BOOLEAN
        LANGUAGE sql
        SECURITY DEFINER
        STABLE
        AS $$
            SELECT EXISTS (
                SELECT 1 FROM conversation_participants
                WHERE conversation_id = p_conversation_id
                AND user_id = p_user_id
            );
        $$;
        """,
        (f"leak:{PARTICIPANT}:call", f"definer:{PARTICIPANT}:search_path"),
        (PARTICIPANT,),
        ("nobody", "colleague"),
    ),
    Hole(
        "a caller who is null counts as a participant",
        "null comparison",
        edited(
            "public.get_messages_page(uuid, bigint, integer)",
            "if not trusted and not exists (",
            """
  if not trusted and caller not in (
    select cp.user_id from public.conversation_participants cp where cp.conversation_id = p_conversation_id
  ) and not exists (""",
        ),
        (f"leak:{PAGE}:call",),
        (PAGE,),
        ("suspended", "no claims", "null sub"),
    ),
    Hole(
        "the page shows deleted messages",
        "deleted rows shown",
        edited("public.get_messages_page(uuid, bigint, integer)", "and m.deleted_at is null", ""),
        (f"leak:{PAGE}:call",),
        (PAGE,),
        ("participant", "sender"),
    ),
    Hole(
        "the page asks for the conversation and not for the organization",
        "former member",
        edited(
            "public.get_messages_page(uuid, bigint, integer)",
            "and c.organization_id = any (organizations)",
            "",
        ),
        (f"leak:{PAGE}:call",),
        (PAGE,),
        ("removed",),
    ),
    Hole(
        "the page asks for the organization and not for the person",
        "organization instead of participant",
        edited("public.get_messages_page(uuid, bigint, integer)", "and cp.user_id = caller", ""),
        (f"leak:{PAGE}:call",),
        (PAGE,),
        ("colleague", "left"),
    ),
    Hole(
        "what was read counts as unread",
        "wrong count",
        edited(UNREAD, "(c.message_count - r.seen_count)::integer", "c.message_count::integer"),
        (f"leak:{UNREAD}:call",),
        (UNREAD,),
        ("participant", "creator"),
    ),
    Hole(
        "whoever is not signed in has a limit as well",
        "guard gone",
        edited("public.check_message_rate_limit()", "if caller is null then", "if false then"),
        (f"leak:{LIMIT}:call",),
        (LIMIT,),
        ("suspended", "no claims"),
    ),
    Hole(
        "a reaction as the owner",
        "definer without guard",
        "alter function public.toggle_reaction(uuid, text) security definer;"
        + edited(
            "private.messages_before_update()",
            "if not exists (select from private.my_participations p "
            "where p.conversation_id = old.conversation_id) then",
            "if false then",
        )
        + ";"
        + edited(
            "private.messages_recounted()",
            "perform private.refuse_outsider('messages', changed);",
            "null;",
        ),
        (f"leak:{REACT}:call",),
        (REACT,),
        ("nobody", "outsider", "left"),
    ),
    Hole(
        "reading marks it read for all",
        "rows of others",
        """
        alter function public.mark_conversation_read(uuid, bigint) security definer;
        """
        + edited(
            "public.mark_conversation_read(uuid, bigint)",
            "where cp.conversation_id = p_conversation_id and cp.user_id = caller;",
            """where cp.conversation_id = p_conversation_id and exists (
              select from private.my_participations p where p.conversation_id = p_conversation_id
            );""",
        ),
        (f"effect:{MARK}:call",),
        (MARK,),
        ("participant", "creator"),
    ),
    Hole(
        "sending wakes the conversation of everybody",
        "side effect",
        "alter function public.send_message(uuid, text, jsonb) security definer;"
        + edited(
            "public.send_message(uuid, text, jsonb)",
            "where cp.conversation_id = p_conversation_id and cp.user_id = caller;",
            """where cp.conversation_id = p_conversation_id and cp.user_id = caller;
            if found then
              update public.user_profiles u set updated_at = now() where u.id = caller;
            end if;
            perform from public.conversation_participants cp
            where cp.conversation_id = p_conversation_id and cp.user_id = caller;""",
        ),
        (f"effect:{SEND}:call",),
        (SEND,),
        ("sender", "participant"),
    ),
    Hole(
        "groups with people of other organizations",
        "across organizations",
        "alter function public.create_group_conversation(text, uuid[], uuid) security definer;"
        + MAY_ADD_ANYBODY
        + edited(
            "private.participants_joined()", "om.organization_id = conversation.organization_id and ", ""
        ),
        (f"leak:{GROUP}:call",),
        (GROUP,),
        ("creator", "outsider"),
    ),
    Hole(
        "a direct conversation across organizations",
        "across organizations",
        "alter function public.start_direct_conversation(uuid, uuid) security definer;"
        + MAY_ADD_ANYBODY
        + edited(
            "private.participants_joined()", "om.organization_id = conversation.organization_id and ", ""
        ),
        ("leak:public.start_direct_conversation(uuid, uuid):call",),
        ("public.start_direct_conversation(uuid, uuid)",),
        ("outsider", "colleague"),
    ),
    Hole(
        "the page shows the address of somebody removed",
        "former member",
        edited(PAGE, "or sender.id = caller", "or true"),
        (f"leak:{PAGE}:call",),
        (PAGE,),
    ),
    Hole(
        "the list shows the name of somebody removed",
        "former member",
        edited(DETAILS, "and them.user_id = m.sender_id", ""),
        (f"leak:{DETAILS}:call",),
        (DETAILS,),
    ),
    Hole(
        "nobody is refused for sending too much",
        "limit gone",
        edited("private.messages_before_insert()", "cardinality(w.sent_at) < l.allowed or", "true or"),
        ("leak:public.messages:insert",),
        ("public.messages",),
        ("creator",),
    ),
    Hole(
        "the list shows the last message although it was deleted",
        "deleted rows shown",
        edited(DETAILS, "m.seq = c.last_message_seq", "m.seq = c.last_seq"),
        (f"leak:{DETAILS}:call",),
        (DETAILS,),
    ),
    Hole(
        "the list shows how far others have read",
        "rows of others",
        edited(
            DETAILS,
            "cp.last_read_at,",
            """(
              select max(o.last_read_at) from public.conversation_participants o
              where o.conversation_id = c.id
            ),""",
        ),
        (f"leak:{DETAILS}:call",),
        (DETAILS,),
    ),
    Hole(
        "the page hides the address of somebody removed, and shows the name",
        "former member",
        edited(
            PAGE,
            "sender.full_name,",
            "(select u.full_name from public.user_profiles u where u.id = m.sender_id),",
        ),
        (f"leak:{PAGE}:call",),
        (PAGE,),
    ),
]
