-- Messages: read by participants, including tombstones; sent by participants as themselves; updated by participants.
-- messages_before_update decides which columns of which messages they may update.
revoke all on public.messages from public, anon, authenticated;
grant select on public.messages to authenticated;
grant insert (organization_id, conversation_id, sender_id, content, attachments, reactions) on public.messages to authenticated;
grant update (content, reactions, deleted_at) on public.messages to authenticated;

drop policy if exists "participants read messages" on public.messages;
create policy "participants read messages"
on public.messages for select to authenticated
using (
  exists (
    select from private.my_listings l
    where l.conversation_id = messages.conversation_id and l.organization_id = messages.organization_id
  )
);

drop policy if exists "participants send as themselves" on public.messages;
create policy "participants send as themselves"
on public.messages for insert to authenticated
with check (
  sender_id = (select private.claimed_user_id())
  -- Clients cannot set seq. messages_before_insert sets it for a sender who takes part and is not suspended.
  and seq is not null
);

drop policy if exists "participants update messages" on public.messages;
create policy "participants update messages"
on public.messages for update to authenticated
using (
  exists (select from private.my_participations p where p.conversation_id = messages.conversation_id)
)
with check (
  exists (select from private.my_participations p where p.conversation_id = messages.conversation_id)
);
