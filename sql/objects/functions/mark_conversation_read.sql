-- Mark a conversation as read up to a message, or to its end. The position never moves back. Returns the unread count.
--   p_seq  bigint  the last message that was seen; null = all
create or replace function public.mark_conversation_read(p_conversation_id uuid, p_seq bigint default null)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  caller uuid := private.current_user_id();
  seen_at timestamptz := 'infinity'; -- everything, see reading_moment
begin
  if p_seq is not null then
    select m.created_at into seen_at
    from public.messages m
    where m.conversation_id = p_conversation_id and m.seq = p_seq;
    if not found then
      perform private.refuse('PT404', 'NOT_FOUND', 'This item could not be found');
    end if;
  end if;
  update public.conversation_participants cp
  set last_read_at = greatest(cp.last_read_at, seen_at)
  where cp.conversation_id = p_conversation_id and cp.user_id = caller;
  if not found then
    perform private.refuse('PT403', 'NOT_PARTICIPANT', 'You''re not part of this conversation');
  end if;
  return public.get_unread_count(p_conversation_id, caller);
end
$$;

revoke execute on function public.mark_conversation_read(uuid, bigint) from public, anon;
grant execute on function public.mark_conversation_read(uuid, bigint) to authenticated, service_role;
