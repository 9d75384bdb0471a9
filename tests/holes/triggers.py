"""Triggers that are missing, disabled, or trust values of the client."""

from __future__ import annotations

from tests.holes.hole import CONVERSATIONS, LEAST, MESSAGES, PARTICIPANTS, PROFILES, Hole, edited

BEFORE_UPDATE = "private.messages_before_update()"

HOLES = [
    Hole(
        "no guard on what a participant changes",
        "trigger gone",
        "drop trigger messages_before_update on messages",
        ("leak:public.messages:update content", "effect:public.messages:update reactions [1]"),
        (MESSAGES,),
        ("participant",),
    ),
    Hole(
        "triggers switched off for an import, and left so",
        "trigger gone",
        "alter table messages disable trigger messages_before_update",
        ("leak:public.messages:update content", "leak:public.messages:update deleted_at"),
        (MESSAGES,),
        ("participant", "creator"),
    ),
    Hole(
        "updated_at is what the client says",
        "trigger gone",
        "drop trigger set_conversations_updated_at on conversations",
        ("effect:public.conversations:update updated_at",),
        (CONVERSATIONS,),
        ("creator",),
    ),
    Hole(
        "reading in the future",
        "trigger gone",
        "drop trigger participants_before_mark on conversation_participants",
        ("effect:public.conversation_participants:update last_read_at",),
        (PARTICIPANTS,),
        ("participant",),
    ),
    Hole(
        "a deleted message keeps its words",
        "deleted rows shown",
        edited(BEFORE_UPDATE, "new.content := null;", ""),
        (),
        (MESSAGES,),
        doubts=("public.messages:update deleted_at",),  # the constraint on tombstones
    ),
    Hole(
        "the client says when it was deleted",
        "trigger believes the client",
        edited(BEFORE_UPDATE, "new.deleted_at := new.updated_at;", "new.deleted_at := new.deleted_at;"),
        ("effect:public.messages:update deleted_at",),
        (MESSAGES,),
        ("sender", "participant"),
    ),
    Hole(
        "what was deleted can be taken back and changed",
        "deleted rows shown",
        edited(BEFORE_UPDATE, "return null; --", "null; --"),
        ("leak:public.messages:update deleted_at [1]", "leak:public.messages:update reactions [2]"),
        (MESSAGES,),
        ("sender",),
    ),
    Hole(
        "the trigger compares the new row with itself",
        "trigger believes the client",
        edited(
            BEFORE_UPDATE,
            "is distinct from (old.content, old.deleted_at)",
            "is distinct from (new.content, new.deleted_at)",
        ),
        ("leak:public.messages:update content", "leak:public.messages:update deleted_at"),
        (MESSAGES,),
        ("participant", "both"),
    ),
    Hole(
        "reactions are stored as the client sends them",
        "trigger believes the client",
        edited(
            BEFORE_UPDATE, "private.merge_reactions(old.reactions, new.reactions, caller)", "new.reactions"
        ),
        ("effect:public.messages:update reactions [1]", "effect:public.messages:update reactions [2]"),
        (MESSAGES,),
        ("sender",),
    ),
    Hole(
        "created_at is what the client says",
        "trigger believes the client",
        "grant insert (created_at) on messages to authenticated;"
        + edited(
            "private.messages_before_insert()",
            "new.updated_at := new.created_at;",
            "new.created_at := least(new.created_at, now()); new.updated_at := new.created_at;",
        ),
        (
            "leak:public.messages:insert with created_at",
            "privilege:public.messages:authenticated insert (created_at)",
        ),
        (MESSAGES,),
        ("participant", "sender"),
    ),
    Hole(
        "a rule that copies messages",
        "rewrite rule",
        """
        create table private.archive (like messages);
        create rule archive as on update to messages do also insert into private.archive values (old.*)
        """,
        ("lint:archive on public.messages:rewrite_rule",),
        LEAST,
    ),
    Hole(
        "the creator says what newcomers have read",
        "in another's name",
        edited("private.participants_before_insert()", "new.last_read_at := null;", "null;"),
        ("effect:public.conversation_participants:insert",),
        (PARTICIPANTS,),
    ),
    Hole(
        "profiles no longer say when they changed",
        "trigger gone",
        "drop trigger set_user_profiles_updated_at on user_profiles",
        ("effect:public.user_profiles:update full_name",),
        (PROFILES,),
    ),
    Hole(
        "whoever renames oneself becomes an owner",
        "side effect of a trigger",
        """
        create function private.promote() returns trigger
        language plpgsql security definer set search_path = '' as $$
        begin
          update public.organization_members set role = 'owner' where user_id = new.id;
          return new;
        end $$;
        create trigger promote after update on user_profiles for each row execute function private.promote()
        """,
        ("effect:public.user_profiles:update full_name",),
        (PROFILES,),
    ),
    Hole(
        "each message is copied",
        "side effect of a trigger",
        """
        create table private.outbox (content text);
        create function private.copy_message() returns trigger
        language plpgsql security definer set search_path = '' as $$
        begin
          insert into private.outbox values (new.content);
          return new;
        end $$;
        create trigger copy after insert on messages for each row execute function private.copy_message()
        """,
        ("effect:public.messages:insert",),
        (MESSAGES,),
    ),
]
