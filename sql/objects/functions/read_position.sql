-- The read position for a given time: the seq read up to, and how many messages are seen. The caller holds the lock of
-- the conversation, so that no message arrives meanwhile.
create or replace function private.read_position(
  p_conversation_id uuid, p_user_id uuid, p_read_at timestamptz, out last_read_seq bigint, out seen_count bigint
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  conversation public.conversations;
begin
  select c.* into conversation from public.conversations c where c.id = p_conversation_id;
  select m.seq into last_read_seq
  from public.messages m
  where m.conversation_id = p_conversation_id and m.created_at <= p_read_at
  order by m.created_at desc
  limit 1;
  last_read_seq := coalesce(last_read_seq, 0);

  if last_read_seq = conversation.last_seq then
    seen_count := conversation.message_count;
  elsif last_read_seq = 0 then
    select count(*) into seen_count
    from public.messages m
    where m.conversation_id = p_conversation_id and m.sender_id = p_user_id and m.deleted_at is null;
  else
    select conversation.message_count - count(*) into seen_count
    from public.messages m
    where m.conversation_id = p_conversation_id
      and m.seq > last_read_seq
      and m.sender_id is distinct from p_user_id
      and m.deleted_at is null;
  end if;
end
$$;

revoke execute on function private.read_position(uuid, uuid, timestamptz) from public;
