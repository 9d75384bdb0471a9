"""Mutes and locks of conversations that do not hold somewhere."""

from __future__ import annotations

from tests.holes.hole import CONVERSATIONS, MESSAGES, OBJECTS, PARTICIPANTS, PROFILES, Hole, edited

COUNT = "private.count_message(uuid, uuid, uuid, timestamp with time zone, boolean)"
REFUSE = "private.refuse_muted(uuid, uuid, uuid)"
INSERT = "private.messages_before_insert()"
WRITABLE = """
        create or replace view private.my_writable with (security_barrier = true) as
        select p.conversation_id, p.organization_id
        from private.my_participations p
        join public.conversations c on c.id = p.conversation_id
        where {condition}
"""

HOLES = [
    Hole(
        "a muted user sends",
        "mute forgotten",
        edited(COUNT, "perform private.refuse_muted(p_sender_id, p_organization_id, p_conversation_id);", ""),
        ("leak:public.messages:insert",),
        (MESSAGES,),
        ("muted",),
    ),
    Hole(
        "a send does not look for mutes",
        "mute forgotten",
        edited(INSERT, "and (w.muted_until is null or w.muted_until < moment)", ""),
        ("leak:public.messages:insert",),
        (MESSAGES,),
        ("muted", "both", "sender"),
    ),
    Hole(
        "a mute without an end has none",
        "mute forgotten",
        """
        create or replace view private.muted as
        select m.user_id, m.organization_id, m.conversation_id, m.muted_until, m.visible_reason
        from private.mutes m where m.muted_until > now()
        """,
        ("leak:public.messages:insert", "leak:storage.objects:insert"),
        (MESSAGES, OBJECTS),
        ("muted",),
    ),
    Hole(
        "only mutes everywhere hold",
        "mute forgotten",
        edited(
            REFUSE,
            "(m.organization_id is null or m.organization_id = p_organization_id)",
            "m.organization_id is null",
        ),
        ("leak:public.messages:insert",),
        (MESSAGES,),
        ("both",),
    ),
    Hole(
        "a muted user edits and reacts",
        "mute forgotten",
        edited(
            "private.messages_before_update()",
            "perform private.refuse_muted(caller, old.organization_id, old.conversation_id);",
            "",
        ),
        ("leak:public.messages:update content", "leak:public.messages:update reactions [1]"),
        (MESSAGES,),
        ("muted",),
    ),
    Hole(
        "a muted user starts and names conversations",
        "mute forgotten",
        edited(
            "private.conversations_limited()",
            "perform private.refuse_muted(writer, new.organization_id);",
            "",
        ),
        ("leak:public.conversations:insert",),
        (CONVERSATIONS,),
        ("muted",),
    ),
    Hole(
        "a muted creator removes others",
        "mute forgotten",
        edited("private.participants_left()", "where d.user_id <> writer;", "where false;"),
        ("leak:public.conversation_participants:delete",),
        (PARTICIPANTS,),
        ("muted",),
    ),
    Hole(
        "a muted user writes in the profile",
        "mute forgotten",
        edited("private.profiles_limited()", "perform private.refuse_muted(writer);", ""),
        ("leak:public.user_profiles:update full_name",),
        (PROFILES,),
        ("muted",),
    ),
    Hole(
        "Storage takes files of muted users",
        "mute forgotten",
        WRITABLE.format(condition="c.locked_at is null"),
        ("leak:storage.objects:insert",),
        (OBJECTS,),
        ("muted", "both"),
    ),
    Hole(
        "a locked conversation takes messages",
        "lock forgotten",
        edited(INSERT, "and c.locked_at is null", ""),
        ("leak:public.messages:insert",),
        (MESSAGES,),
        ("sender", "participant"),
    ),
    Hole(
        "messages of a locked conversation are edited",
        "lock forgotten",
        edited("private.messages_before_update()", "perform private.refuse_locked(old.conversation_id);", ""),
        ("leak:public.messages:update content",),
        (MESSAGES,),
        ("sender",),
    ),
    Hole(
        "clients unlock conversations",
        "lock forgotten",
        "grant update (locked_at) on public.conversations to authenticated",
        ("leak:public.conversations:update locked_at",),
        (CONVERSATIONS,),
        ("creator",),
    ),
]
