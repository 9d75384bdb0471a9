-- Participants: read by the participants of the same conversation; added by the creator, from the organization; each
-- participant changes their own marks; removed by leaving a group, or by its creator. Here, clients see the rows of
-- conversations that the policies of conversations allow: as a participant, or as the creator before anybody was added.
revoke all on public.conversation_participants from public, anon, authenticated;
grant select on public.conversation_participants to authenticated;
grant insert (conversation_id, user_id, last_read_at) on public.conversation_participants to authenticated;
grant update (is_starred, is_muted, last_read_at) on public.conversation_participants to authenticated;
grant delete on public.conversation_participants to authenticated;

drop policy if exists "participants read the participants" on public.conversation_participants;
create policy "participants read the participants"
on public.conversation_participants for select to authenticated
using (
  exists (
    select from private.my_participations p
    where p.conversation_id = conversation_participants.conversation_id
  )
);

drop policy if exists "the creator adds members of the organization" on public.conversation_participants;
create policy "the creator adds members of the organization"
on public.conversation_participants for insert to authenticated
with check (
  exists (
    select from public.conversations c
    join public.organization_members om on om.organization_id = c.organization_id
    where c.id = conversation_participants.conversation_id
      and om.user_id = conversation_participants.user_id
      and c.created_by = (select private.current_user_id())
      and (c.is_group or c.participant_count = 0)
  )
);

drop policy if exists "participants change their own marks" on public.conversation_participants;
create policy "participants change their own marks"
on public.conversation_participants for update to authenticated
using (
  user_id = (select private.current_user_id())
  and exists (
    select from private.my_participations p
    where p.conversation_id = conversation_participants.conversation_id
  )
)
with check (user_id = (select private.current_user_id()));

drop policy if exists "people leave a group, or its creator removes them" on public.conversation_participants;
create policy "people leave a group, or its creator removes them"
on public.conversation_participants for delete to authenticated
using (
  exists (
    select from public.conversations c
    where c.id = conversation_participants.conversation_id
      and c.is_group
      and (select private.current_user_id()) in (c.created_by, conversation_participants.user_id)
  )
);
