-- One page of a conversation, newest message first, without deleted messages.
--   p_before  bigint   seq of the last message already shown; null = first page
--   p_limit   integer  1 to 200
-- SECURITY DEFINER, so that participation is checked once and not by a policy for every row. Every page costs the same.
-- The plan is generic, because planning takes longer than reading the page.
create or replace function public.get_messages_page(
  p_conversation_id uuid, p_before bigint default null, p_limit integer default 50
)
returns table (
  id uuid,
  conversation_id uuid,
  sender_id uuid,
  content text,
  attachments jsonb,
  reactions jsonb,
  created_at timestamptz,
  updated_at timestamptz,
  seq bigint,
  sender_email text,
  sender_full_name text,
  sender_avatar_url text
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
  trusted boolean := private.is_trusted();
  caller uuid := private.current_user_id();
  organizations uuid[] := array(
    select om.organization_id from public.organization_members om where om.user_id = caller
  );
  before bigint := coalesce(p_before, 9223372036854775807);
begin
  if p_limit is null or p_limit not between 1 and 200 then
    perform private.refuse('PT400', 'VALIDATION_ERROR', 'p_limit must be between 1 and 200');
  end if;
  if not trusted and not exists (
    select from public.conversation_participants cp
    join public.conversations c on c.id = cp.conversation_id
    where cp.conversation_id = p_conversation_id
      and cp.user_id = caller
      and c.organization_id = any (organizations)
  ) then
    perform private.refuse('PT403', 'NOT_PARTICIPANT', 'You''re not part of this conversation');
  end if;
  return query
  select
    m.id, m.conversation_id, m.sender_id, m.content, m.attachments, m.reactions,
    m.created_at, m.updated_at, m.seq, sender.email, sender.full_name, sender.avatar_url
  from public.messages m
  left join public.user_profiles sender
    on sender.id = m.sender_id
    and (
      trusted
      or sender.id = caller
      or exists (
        select from public.organization_members om
        where om.user_id = sender.id and om.organization_id = any (organizations)
      )
    )
  where m.conversation_id = p_conversation_id and m.seq < before and m.deleted_at is null
  order by m.seq desc
  limit p_limit;
end
$$;

revoke execute on function public.get_messages_page(uuid, bigint, integer) from public, anon;
grant execute on function public.get_messages_page(uuid, bigint, integer) to authenticated, service_role;
