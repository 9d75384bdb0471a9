"""Deleting rows that must stay or that belong to somebody else."""

from __future__ import annotations

from tests.holes.hole import CONVERSATIONS, MEMBERS, MESSAGES, PARTICIPANTS, PROFILES, Hole, edited

HOLES = [
    Hole(
        "participants remove each other",
        "rows of others",
        """
        create policy loose on conversation_participants for delete to authenticated using (
          exists (
            select from private.my_participations p
            where p.conversation_id = conversation_participants.conversation_id
          )
        )
        """,
        ("leak:public.conversation_participants:delete",),
        (PARTICIPANTS,),
        ("participant",),
    ),
    Hole(
        "one leaves a direct conversation",
        "delete of what stays",
        """
        create policy "Users can leave conversations" on conversation_participants for delete to authenticated
        using (user_id = auth.uid())
        """,
        ("leak:public.conversation_participants:delete",),
        (PARTICIPANTS,),
        ("creator", "participant"),
    ),
    Hole(
        "a delete without where takes everybody along",
        "always true",
        """
        create policy cleanup on conversation_participants for delete to authenticated using (true);
        drop trigger participants_before_delete on conversation_participants;
        """
        + edited(
            "private.participants_left()", "perform private.refuse_row('conversation_participants');", ""
        ),
        ("leak:public.conversation_participants:delete without where",),
        (PARTICIPANTS,),
        ("nobody", "outsider", "anonymous"),
    ),
    Hole(
        "senders delete their messages for good",
        "delete of what stays",
        """
        grant delete on messages to authenticated;
        create policy "Users can delete own messages" on messages for delete to authenticated
        using (sender_id = (select private.current_user_id()))
        """,
        ("leak:public.messages:delete", "privilege:public.messages:authenticated delete"),
        (MESSAGES,),
        ("sender", "participant"),
    ),
    Hole(
        "the creator deletes the conversation and all that was said",
        "cascade",
        """
        grant delete on conversations to authenticated;
        create policy "Creators can delete" on conversations for delete to authenticated
        using (created_by = (select private.current_user_id()))
        """,
        ("leak:public.conversations:delete", "leak:public.conversations:delete without where"),
        (CONVERSATIONS,),
        ("creator",),
    ),
    Hole(
        "closing an account takes the profile along",
        "cascade",
        """
        grant delete on user_profiles to authenticated;
        create policy "Users can delete own profile" on user_profiles for delete to authenticated
        using (id = auth.uid())
        """,
        ("leak:public.user_profiles:delete", "privilege:public.user_profiles:authenticated delete"),
        (PROFILES,),
        ("participant", "nobody"),
    ),
    Hole(
        "an admin anywhere removes members everywhere",
        "exists without the row",
        """
        grant delete on organization_members to authenticated;
        create policy "admins remove members" on organization_members for delete to authenticated using (
          exists (
            select from organization_members m
            where m.user_id = auth.uid() and m.role in ('owner', 'admin')
          )
        )
        """,
        (),
        (MEMBERS,),
        doubts=("public.organization_members:delete",),  # 42P17: it refers to itself
    ),
]
