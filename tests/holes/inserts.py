"""INSERT policies that accept values which the sender may not set."""

from __future__ import annotations

from tests.holes.hole import (
    CONVERSATIONS,
    CREATOR_ADDS,
    MEMBERS,
    MESSAGES,
    ORGANIZATIONS,
    PARTICIPANTS,
    PROFILES,
    Hole,
    edited,
)

# A trigger checks the same as the policy of conversations.
IN_ANY_ORGANIZATION = edited(
    "private.conversations_limited()",
    "if not exists (select from private.my_organizations o",
    "if false and not exists (select from private.my_organizations o",
)

COUNT_MESSAGE = "private.count_message(uuid, uuid, uuid, timestamptz, boolean)"

HOLES = [
    Hole(
        "sending where one takes no part",
        "insert without membership",
        edited(COUNT_MESSAGE, "p.user_id = p_sender_id", "true")
        + ";"
        + edited("private.messages_before_insert()", "if not found and not trusted then", "if false then"),
        ("leak:public.messages:insert",),
        (MESSAGES,),
        ("colleague", "left"),
    ),
    Hole(
        "sending as somebody else, and no trigger behind the policy",
        "insert in another's name",
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
        (MESSAGES,),
        ("participant",),
    ),
    Hole(
        "conversations in the name of a colleague",
        "insert in another's name",
        """
        create policy "members create conversations" on conversations for insert to authenticated with check (
          organization_id in (select organization_id from private.my_organizations)
        )
        """,
        ("leak:public.conversations:insert",),
        (CONVERSATIONS,),
        ("colleague", "participant"),
    ),
    Hole(
        "conversations in any organization",
        "insert without membership",
        """
        create policy "Users can create conversations" on conversations for insert to authenticated
        with check (created_by = auth.uid());
        """
        + IN_ANY_ORGANIZATION,
        ("leak:public.conversations:insert",),
        (CONVERSATIONS,),
        ("nobody", "outsider", "removed", "anonymous"),
    ),
    Hole(
        "a conversation of nobody",
        "null comparison",
        """
        create policy "started as oneself" on conversations for insert to authenticated
        with check (created_by is not distinct from private.current_user_id());
        """
        + IN_ANY_ORGANIZATION
        + ";"
        + edited("private.api_writer(text)", "if writer is null and", "if false and"),
        ("leak:public.conversations:insert",),
        (CONVERSATIONS,),
        ("suspended", "no claims", "nobody"),
    ),
    Hole(
        "one adds oneself to a group",
        "insert without membership",
        """
        create policy loose on conversation_participants for insert to authenticated
        with check (user_id = (select private.current_user_id()));
        """
        + edited(CREATOR_ADDS, "select exists (", "select p_caller = p_user_id or exists ("),
        ("leak:public.conversation_participants:insert",),
        (PARTICIPANTS,),
        ("colleague",),
    ),
    Hole(
        "every participant invites",
        "participant instead of creator",
        """
        create policy "participants invite" on conversation_participants for insert to authenticated
        with check (
          exists (
            select from private.my_participations p
            where p.conversation_id = conversation_participants.conversation_id
          )
        );
        """
        + edited(CREATOR_ADDS, "and c.created_by = p_caller", ""),
        ("leak:public.conversation_participants:insert",),
        (PARTICIPANTS,),
        ("participant", "both"),
    ),
    Hole(
        "the plan's creator adds whom he likes",
        "insert without membership",
        """
        create policy "Creator can add participants" on conversation_participants for insert to authenticated
        with check (
          exists (
            select 1 from conversations c where c.id = conversation_id and c.created_by = auth.uid()
          )
        );
        """
        + edited(CREATOR_ADDS, "c.is_group and exists", "exists"),
        (),
        (PARTICIPANTS,),
        doubts=("public.conversation_participants:insert",),  # the trigger refuses it
    ),
    Hole(
        "users join organizations by themselves",
        "insert without membership",
        """
        grant insert on organization_members to authenticated;
        create policy "Users can join organizations" on organization_members for insert to authenticated
        with check (user_id = auth.uid())
        """,
        (
            "leak:public.organization_members:insert",
            "privilege:public.organization_members:authenticated insert (role)",
        ),
        (MEMBERS,),
        ("nobody", "outsider", "anonymous"),
    ),
    Hole(
        "onboarding makes organizations",
        "always true",
        """
        grant insert (name, slug) on organizations to authenticated;
        create policy onboarding on organizations for insert to authenticated with check (true)
        """,
        ("leak:public.organizations:insert", "privilege:public.organizations:authenticated insert (slug)"),
        (ORGANIZATIONS,),
        ("nobody", "anonymous"),
    ),
    Hole(
        "users can insert their own profile",  # as in the quickstart
        "insert without membership",
        """
        grant insert on user_profiles to authenticated;
        create policy "Users can insert their own profile." on user_profiles for insert to authenticated
        with check ((select auth.uid()) = id)
        """,
        ("leak:public.user_profiles:insert", "privilege:public.user_profiles:authenticated insert (email)"),
        (PROFILES,),
        ("unprofiled",),
    ),
    Hole(
        "a new message brings reactions of others",
        "in another's name",
        edited("private.messages_before_insert()", "if new.reactions <> '[]' then", "if false then"),
        ("leak:public.messages:insert",),
        (MESSAGES,),
    ),
]
