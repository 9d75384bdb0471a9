"""UPDATE policies and privileges that let people change rows of others."""

from __future__ import annotations

from tests.holes.hole import CONVERSATIONS, MEMBERS, ORGANIZATIONS, PARTICIPANTS, PROFILES, Hole, edited

HOLES = [
    Hole(
        "everybody changes every profile, where nobody looks",
        "always true",
        "create policy loose on user_profiles for update to authenticated using (true) with check (true)",
        (
            "leak:public.user_profiles:update full_name",
            "leak:public.user_profiles:update full_name without where",
        ),
        (PROFILES,),
        ("outsider",),
    ),
    Hole(
        "a blind update reaches rows that reading hides",
        "always true",
        """
        create policy loose on conversation_participants for update to authenticated
        using (true) with check (true);
        """
        + edited(
            "private.participants_read()",
            "perform private.refuse_outsider('conversation_participants', "
            "array(select a.conversation_id from after a));",
            "null;",
        ),
        ("leak:public.conversation_participants:update is_muted without where",),
        (PARTICIPANTS,),
        ("nobody",),
    ),
    Hole(
        "a conversation is handed to somebody else",
        "update without check",
        """
        grant update (created_by) on conversations to authenticated;
        drop policy "the creator names a group" on conversations;
        create policy "Creators can update" on conversations for update to authenticated
        using (created_by = (select private.current_user_id())) with check (true)
        """,
        (
            "leak:public.conversations:update created_by",
            "privilege:public.conversations:authenticated update (created_by)",
        ),
        (CONVERSATIONS,),
        ("creator",),
    ),
    Hole(
        "a place in one group becomes one in another",
        "update without check",
        "grant update (conversation_id) on conversation_participants to authenticated",
        ("privilege:public.conversation_participants:authenticated update (conversation_id)",),
        (PARTICIPANTS,),
        doubts=("public.conversation_participants:update conversation_id",),  # the read state references it
    ),
    Hole(
        "every participant names the group",
        "participant instead of creator",
        """
        create policy "participants rename" on conversations for update to authenticated using (
          exists (select from private.my_participations p where p.conversation_id = conversations.id)
        ) with check (true)
        """,
        ("leak:public.conversations:update name",),
        (CONVERSATIONS,),
        ("participant", "sender"),
    ),
    Hole(
        "who has left still names the group, where nobody looks",
        "creator who is no participant",
        """
        create policy "Creators can update conversations" on conversations for update to authenticated
        using (created_by = (select private.current_user_id()));
        """
        + edited(
            "private.conversations_limited()",
            "perform private.refuse_outsider('conversations', array[new.id]);",
            "null;",
        ),
        ("leak:public.conversations:update name without where",),
        (CONVERSATIONS,),
        ("left", "removed"),
    ),
    Hole(
        "participants mark what others have read",
        "rows of others",
        """
        create policy "mark as read" on conversation_participants for update to authenticated using (
          exists (
            select from private.my_participations p
            where p.conversation_id = conversation_participants.conversation_id
          )
        )
        """,
        (
            "leak:public.conversation_participants:update last_read_at",
            "leak:public.conversation_participants:update is_starred",
        ),
        (PARTICIPANTS,),
        ("participant", "sender"),
    ),
    Hole(
        "members make themselves owners",
        "update without check",
        """
        grant update (role) on organization_members to authenticated;
        create policy "update own membership" on organization_members for update to authenticated
        using (user_id = (select private.current_user_id()))
        """,
        (
            "leak:public.organization_members:update role",
            "privilege:public.organization_members:authenticated update (role)",
        ),
        (MEMBERS,),
        ("participant", "outsider"),
    ),
    Hole(
        "members rename their organization",
        "rows of others",
        """
        grant update (name) on organizations to authenticated;
        create policy "settings page" on organizations for update to authenticated
        using (id in (select organization_id from private.my_organizations))
        """,
        ("leak:public.organizations:update name",),
        (ORGANIZATIONS,),
        ("participant", "both"),
    ),
    Hole(
        "admins of any organization edit every profile",
        "exists without the row",
        """
        create policy "admins edit profiles" on user_profiles for update to authenticated using (
          exists (
            select from organization_members m
            where m.user_id = (select private.current_user_id()) and m.role in ('owner', 'admin')
          )
        )
        """,
        (
            "leak:public.user_profiles:update full_name",
            "leak:public.user_profiles:update avatar_url without where",
        ),
        (PROFILES,),
        ("outsider", "colleague", "creator"),
    ),
]
