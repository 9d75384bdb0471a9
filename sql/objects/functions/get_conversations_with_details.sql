-- The conversations of p_user_id, most recent message first. SECURITY DEFINER, guarded by require_caller. Reads one row
-- per conversation and table, and only the last message. The plan is generic, because planning takes as long as running.
create or replace function public.get_conversations_with_details(p_user_id uuid)
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
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
begin
  perform private.require_caller(p_user_id);
  return query
  select
    c.id, c.organization_id, c.name, c.is_group, c.created_by, c.created_at, c.updated_at,
    cp.is_starred, cp.is_muted, cp.last_read_at,
    (c.message_count - r.seen_count)::integer,
    m.id, m.content, m.created_at, m.sender_id,
    -- Hide the profile of a user who no longer shares an organization with the caller.
    case when m.sender_id = p_user_id or exists (
      select from public.organization_members me
      join public.organization_members them on them.organization_id = me.organization_id
      where me.user_id = p_user_id and them.user_id = m.sender_id
    ) then coalesce(sender.full_name, sender.email) end
  from public.conversation_participants cp
  join public.conversations c on c.id = cp.conversation_id
  join public.organization_members om on om.organization_id = c.organization_id and om.user_id = cp.user_id
  join private.read_states r on r.conversation_id = cp.conversation_id and r.user_id = cp.user_id
  left join public.messages m on m.conversation_id = c.id and m.seq = c.last_message_seq
  left join public.user_profiles sender on sender.id = m.sender_id
  where cp.user_id = p_user_id
  order by coalesce(m.created_at, c.created_at) desc, c.id;
end
$$;

revoke execute on function public.get_conversations_with_details(uuid) from public, anon;
grant execute on function public.get_conversations_with_details(uuid) to authenticated, service_role;
