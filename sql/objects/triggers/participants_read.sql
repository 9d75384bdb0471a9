-- After a participant has read: how far, and how many messages that leaves unread.
-- Locks go participant, conversation, read state, everywhere; two of them the other way round would deadlock.
create or replace function private.participants_read()
returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
  perform from public.conversations c where c.id = new.conversation_id for no key update;
  update private.read_states r
  set (last_read_seq, seen_count) = (
    select p.last_read_seq, p.seen_count
    from private.read_position(new.conversation_id, new.user_id, new.last_read_at) as p
  )
  where r.conversation_id = new.conversation_id and r.user_id = new.user_id;
  return null;
end
$$;

revoke execute on function private.participants_read() from public;

create or replace trigger participants_read
after update of last_read_at on public.conversation_participants
for each row when (old.last_read_at is distinct from new.last_read_at)
execute function private.participants_read();
