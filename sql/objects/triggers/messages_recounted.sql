-- After a message is deleted, restored or purged: the conversation's count and last message, and what its
-- participants have seen. The conversation is locked first and read by a statement of its own, which
-- therefore sees what was committed while it waited.
create or replace function private.messages_recounted()
returns trigger
language plpgsql security definer
set search_path = ''
as $$
declare
  change integer := case when tg_op = 'UPDATE' and new.deleted_at is null then 1 else -1 end;
begin
  perform from public.conversations c where c.id = old.conversation_id for no key update;
  update public.conversations c
  set message_count = c.message_count + change,
      last_message_seq = coalesce((
        select max(m.seq) from public.messages m
        where m.conversation_id = c.id and m.deleted_at is null
      ), 0)
  where c.id = old.conversation_id;
  update private.read_states r
  set seen_count = r.seen_count + change
  where r.conversation_id = old.conversation_id
    and (r.last_read_seq >= old.seq or r.user_id = old.sender_id);
  return null;
end
$$;

revoke execute on function private.messages_recounted() from public;

create or replace trigger messages_deleted_or_restored
after update of deleted_at on public.messages
for each row when ((old.deleted_at is null) <> (new.deleted_at is null))
execute function private.messages_recounted();

create or replace trigger messages_purged
after delete on public.messages
for each row when (old.deleted_at is null)
execute function private.messages_recounted();
