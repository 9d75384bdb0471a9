-- Conversations: read by participants, and by the creator until there are any; created by members, named by the creator.
-- The plan's clients send updated_at; it is accepted and overwritten.
revoke all on public.conversations from public, anon, authenticated;
grant select on public.conversations to authenticated;
grant insert (organization_id, name, is_group, created_by) on public.conversations to authenticated;
grant update (name, updated_at) on public.conversations to authenticated;

drop policy if exists "participants read their conversations" on public.conversations;
create policy "participants read their conversations"
on public.conversations for select to authenticated
using (
  exists (select from private.my_participations p where p.conversation_id = conversations.id)
  or (
    participant_count = 0
    and created_by = (select private.current_user_id())
    and exists (
      select from private.my_organizations o where o.organization_id = conversations.organization_id
    )
  )
);

drop policy if exists "members start conversations as themselves" on public.conversations;
create policy "members start conversations as themselves"
on public.conversations for insert to authenticated
with check (
  created_by = (select private.current_user_id())
  and exists (
    select from private.my_organizations o where o.organization_id = conversations.organization_id
  )
);

drop policy if exists "the creator names a group" on public.conversations;
create policy "the creator names a group"
on public.conversations for update to authenticated
using (
  created_by = (select private.current_user_id())
  and exists (select from private.my_participations p where p.conversation_id = conversations.id)
)
with check (created_by = (select private.current_user_id()));
