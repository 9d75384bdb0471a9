-- The plan's get_conversations_with_details (section 3.3), as a baseline: the same three parts, joins and order, although
-- they are unsafe and slow. It reads every message of every conversation twice.
create function bench.plan_list(p_user_id uuid)
returns table (
  conversation_id uuid,
  organization_id uuid,
  name text,
  is_group boolean,
  created_by uuid,
  created_at timestamptz,
  updated_at timestamptz,
  is_starred boolean,
  is_muted boolean,
  last_read_at timestamptz,
  unread_count integer,
  last_message_id uuid,
  last_message_content text,
  last_message_created_at timestamptz,
  last_message_sender_id uuid,
  last_message_sender_name text
)
language plpgsql stable security definer
as $$
#variable_conflict use_column
begin
  return query
  with mine as (
    select
      cp.conversation_id, cp.is_starred, cp.is_muted, cp.last_read_at,
      c.organization_id, c.name, c.is_group, c.created_by, c.created_at, c.updated_at
    from public.conversation_participants cp
    join public.conversations c on c.id = cp.conversation_id
    where cp.user_id = p_user_id
  ),
  latest as (
    select distinct on (m.conversation_id)
      m.conversation_id, m.id, m.content, m.created_at, m.sender_id,
      coalesce(up.full_name, up.email) as sender_name
    from public.messages m
    join mine on m.conversation_id = mine.conversation_id
    left join public.user_profiles up on m.sender_id = up.id
    where m.deleted_at is null
    order by m.conversation_id, m.created_at desc
  ),
  unread as (
    select m.conversation_id, count(*)::integer as count
    from public.messages m
    join mine on m.conversation_id = mine.conversation_id
    where m.created_at > coalesce(mine.last_read_at, '1970-01-01'::timestamptz)
      and m.sender_id <> p_user_id
      and m.deleted_at is null
    group by m.conversation_id
  )
  select
    mine.conversation_id, mine.organization_id, mine.name, mine.is_group, mine.created_by, mine.created_at,
    mine.updated_at, mine.is_starred, mine.is_muted, mine.last_read_at, coalesce(unread.count, 0),
    latest.id, latest.content, latest.created_at, latest.sender_id, latest.sender_name
  from mine
  left join latest on mine.conversation_id = latest.conversation_id
  left join unread on mine.conversation_id = unread.conversation_id
  order by coalesce(latest.created_at, mine.created_at) desc;
end
$$;
grant execute on function bench.plan_list(uuid) to authenticated;
