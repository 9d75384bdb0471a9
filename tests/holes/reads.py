"""SELECT policies that show more or less than intended."""

from __future__ import annotations

from tests.holes.hole import CONVERSATIONS, MEMBERS, MESSAGES, ORGANIZATIONS, PARTICIPANTS, PROFILES, Hole

HOLES = [
    Hole(
        "row-level security off",
        "row-level security off",
        "alter table messages disable row level security",
        ("row-security:public.messages:off", "leak:public.messages:select"),
        (MESSAGES,),
        ("nobody", "outsider"),
    ),
    Hole(
        "row-level security of members off while debugging",
        "row-level security off",
        "alter table organization_members disable row level security",
        ("row-security:public.organization_members:off", "leak:public.organization_members:select"),
        (MEMBERS,),
        ("nobody", "outsider", "anonymous"),
    ),
    Hole(
        "everybody reads messages",
        "always true",
        "create policy open on messages for select to authenticated using (true)",
        ("leak:public.messages:select", "leak:public.messages:select content"),
        (MESSAGES,),
        ("nobody",),
    ),
    Hole(
        "public profiles are viewable by everyone",  # as in the quickstart
        "always true",
        """
        create policy "Public profiles are viewable by everyone." on user_profiles for select using (true)
        """,
        ("leak:public.user_profiles:select", "leak:public.user_profiles:select email"),
        (PROFILES,),
        ("nobody", "outsider", "suspended"),
    ),
    Hole(
        "whoever is signed in reads conversations",
        "signed in is enough",
        """
        create policy "Enable read access for authenticated users only" on conversations for select
        using (auth.role() = 'authenticated')
        """,
        ("leak:public.conversations:select", "leak:public.conversations:select name"),
        (CONVERSATIONS,),
        ("nobody", "outsider", "anonymous"),
    ),
    Hole(
        "an anonymous sign-in is signed in as well",
        "signed in is enough",
        """
        create policy "users see organizations to join" on organizations for select to authenticated
        using ((select auth.uid()) is not null)
        """,
        ("leak:public.organizations:select",),
        (ORGANIZATIONS,),
        ("anonymous", "nobody", "unprofiled"),
    ),
    Hole(
        "names of organizations on the sign-in page",
        "anon let in",
        """
        grant select (id, name, slug) on organizations to anon;
        create policy "login page" on organizations for select to anon using (true)
        """,
        (
            "leak:public.organizations:select",
            "leak:public.organizations:select name",
            "privilege:public.organizations:anon select (name)",
        ),
        (ORGANIZATIONS,),
        ("anon",),
    ),
    Hole(
        "colleagues read messages",
        "organization instead of participant",
        """
        create policy open on messages for select to authenticated using (
          exists (select from private.my_organizations o where o.organization_id = messages.organization_id)
        )
        """,
        ("leak:public.messages:select",),
        (MESSAGES,),
        ("colleague",),
    ),
    Hole(
        "groups can be discovered",
        "organization instead of participant",
        """
        create policy "discoverable groups" on conversations for select to authenticated using (
          is_group and organization_id in (select organization_id from private.my_organizations)
        )
        """,
        ("leak:public.conversations:select",),
        (CONVERSATIONS,),
        ("colleague", "left"),
    ),
    Hole(
        "a conversation of the organization is enough",
        "organization instead of participant",
        """
        create policy "participants read messages of teams" on messages for select to authenticated using (
          exists (select from private.my_participations p where p.organization_id = messages.organization_id)
        )
        """,
        ("leak:public.messages:select",),
        (MESSAGES,),
        ("both", "creator", "sender"),
    ),
    Hole(
        "whoever takes part in anything reads everything",
        "exists without the row",
        """
        create policy "Users can view messages in their conversations" on messages for select to authenticated
        using (
          exists (select 1 from conversation_participants cp where cp.user_id = auth.uid())
        )
        """,
        ("leak:public.messages:select",),
        (MESSAGES,),
        ("outsider", "southerner", "both"),
    ),
    Hole(
        "an admin of one organization is one of all",
        "exists without the row",
        """
        create policy "admins see all members" on organization_members for select to authenticated using (
          exists (
            select from private.my_organizations o
            join user_profiles u on u.id = (select private.current_user_id())
          )
        )
        """,
        ("leak:public.organization_members:select",),
        (MEMBERS,),
        ("outsider", "forged", "colleague"),
    ),
    Hole(
        "conversation_id of the inner table",
        "column capture",
        """
        create policy "participants read messages too" on messages for select to authenticated using (
          exists (select from private.my_participations p where p.conversation_id = conversation_id)
        )
        """,
        ("leak:public.messages:select",),
        (MESSAGES,),
        ("outsider", "southerner"),
    ),
    Hole(
        "id of the inner table",
        "column capture",
        """
        drop policy "participants read their conversations" on conversations;
        create policy "participants read their conversations" on conversations for select to authenticated
        using (
          exists (
            select from conversation_participants p
            where p.conversation_id = id and p.user_id = (select private.current_user_id())
          )
        )
        """,
        ("missing:public.conversations:select",),
        (CONVERSATIONS,),
        ("participant", "creator", "both"),
    ),
    Hole(
        "organization_id of the inner table",
        "column capture",
        """
        create policy "members see each other" on organization_members for select to authenticated using (
          exists (select from private.my_organizations o where o.organization_id = organization_id)
        )
        """,
        ("leak:public.organization_members:select",),
        (MEMBERS,),
        ("outsider", "colleague"),
    ),
    Hole(
        "or binds less than and",
        "or precedence",
        """
        drop policy "participants read messages" on messages;
        create policy "participants read messages" on messages for select to authenticated using (
          deleted_at is null
          and exists (
            select from private.my_participations p where p.conversation_id = messages.conversation_id
          )
          or sender_id = auth.uid()
        )
        """,
        ("leak:public.messages:select",),
        (MESSAGES,),
        ("left", "removed", "suspended"),
    ),
    Hole(
        "a group, or mine",
        "or precedence",
        """
        create policy "list" on conversations for select to authenticated using (
          created_by = (select private.current_user_id()) and not is_group
          or is_group and name is not null or exists (
            select from private.my_participations p where p.conversation_id = conversations.id
          )
        )
        """,
        ("leak:public.conversations:select",),
        (CONVERSATIONS,),
        ("nobody", "outsider", "left"),
    ),
    Hole(
        "what one made, one sees for ever",
        "creator who is no participant",
        """
        create policy "creators see their conversations" on conversations for select to authenticated
        using (created_by = (select private.current_user_id()))
        """,
        ("leak:public.conversations:select",),
        (CONVERSATIONS,),
        ("left", "removed"),
    ),
    Hole(
        "what one sent, one sees for ever",
        "former member",
        """
        create policy "Users can view own messages" on messages for select to authenticated
        using (sender_id = (select private.current_user_id()))
        """,
        ("leak:public.messages:select",),
        (MESSAGES,),
        ("left", "removed"),
    ),
    Hole(
        "the list of participants outlasts the membership",
        "former member",
        """
        create policy "see own participation" on conversation_participants for select to authenticated
        using (user_id = auth.uid())
        """,
        ("leak:public.conversation_participants:select",),
        (PARTICIPANTS,),
        ("removed", "suspended"),
    ),
    Hole(
        "the profile of everybody whose message one sees",
        "former member",
        """
        create policy "names beside messages" on user_profiles for select to authenticated
        using (exists (select from messages m where m.sender_id = user_profiles.id))
        """,
        ("leak:public.user_profiles:select", "leak:public.user_profiles:select email"),
        (PROFILES,),
        ("participant", "creator"),
    ),
    Hole(
        "without a user it must be the job",
        "null comparison",
        """
        create policy "cron job or participant" on messages for select to authenticated using (
          private.current_user_id() is null
          or exists (
            select from private.my_participations p where p.conversation_id = messages.conversation_id
          )
        )
        """,
        ("leak:public.messages:select",),
        (MESSAGES,),
        ("suspended", "no claims", "null sub"),
    ),
    Hole(
        "coalesce to the row's own value",
        "null comparison",
        """
        create policy "my profile" on user_profiles for select to authenticated
        using (id = coalesce(private.current_user_id(), id))
        """,
        ("leak:public.user_profiles:select",),
        (PROFILES,),
        ("suspended", "claims without sub"),
    ),
    Hole(
        "tombstones were to be hidden by a policy more",
        "permissive meant restrictive",
        """
        create policy "hide deleted messages" on messages for select to authenticated
        using (deleted_at is null)
        """,
        ("leak:public.messages:select", "leak:public.messages:select content"),
        (MESSAGES,),
        ("nobody", "left"),
    ),
    Hole(
        "anonymous users were to be kept out by a policy more",
        "permissive meant restrictive",
        """
        create policy "no anonymous users" on organizations for select to authenticated
        using ((auth.jwt() ->> 'is_anonymous')::boolean is not true)
        """,
        ("leak:public.organizations:select",),
        (ORGANIZATIONS,),
        ("nobody", "suspended"),
    ),
    Hole(
        "groups were to be let through, and nothing else is",
        "restrictive meant permissive",
        "create policy groups on conversations as restrictive for select to authenticated using (is_group)",
        ("missing:public.conversations:select",),
        (CONVERSATIONS,),
        ("participant", "creator"),
    ),
    Hole(
        "the policy of reading is gone",
        "policy gone",
        'drop policy "participants read messages" on messages',
        ("missing:public.messages:select",),
        (MESSAGES,),
        ("participant",),
    ),
    Hole(
        "the creator cannot read what it just made",
        "policy gone",
        """
        drop policy "participants read their conversations" on conversations;
        create policy narrow on conversations for select to authenticated using (
          exists (select from private.my_participations p where p.conversation_id = conversations.id)
        )
        """,
        ("missing:public.conversations:insert returning", "missing:public.conversations:select"),
        (CONVERSATIONS,),
        ("creator",),
    ),
    Hole(
        "the plan's policy of participants asks itself",
        "policy that raises",
        """
        drop policy "participants read the participants" on conversation_participants;
        create policy "Users can view participants" on conversation_participants for select to authenticated
        using (
          conversation_id in (
            select conversation_id from conversation_participants where user_id = auth.uid()
          )
        )
        """,
        (),
        (PARTICIPANTS,),
        doubts=("public.conversation_participants:select",),
    ),
]
