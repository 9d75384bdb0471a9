-- How many messages a conversation has after a given time, deleted ones included.
create or replace function private.messages_after(p_conversation_id uuid, p_moment timestamptz)
returns bigint
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select case
    when p_moment >= c.updated_at then 0
    else c.last_seq - coalesce((
      select m.seq
      from public.messages m
      where m.conversation_id = c.id and m.created_at <= p_moment
      order by m.created_at desc
      limit 1
    ), 0)
  end
  from public.conversations c
  where c.id = p_conversation_id
$$;

revoke execute on function private.messages_after(uuid, timestamptz) from public;
