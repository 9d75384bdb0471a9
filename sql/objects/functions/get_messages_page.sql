-- One page of a conversation, newest message first, without deleted ones.
--   p_before  bigint   seq of the last message already shown; null = first page
--   p_limit   integer  1 to 200
-- SECURITY DEFINER, guarded by one look at the membership instead of one per row; every page costs the same.
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
set search_path = ''
as $$
begin
  if p_limit is null or p_limit not between 1 and 200 then
    perform private.refuse('PT400', 'VALIDATION_ERROR', 'p_limit must be between 1 and 200');
  end if;
  if not private.is_trusted() and not exists (
    select from private.my_participations p where p.conversation_id = p_conversation_id
  ) then
    perform private.refuse('PT403', 'NOT_PARTICIPANT', 'You''re not part of this conversation');
  end if;
  return query
  with page as materialized (
    select m.*
    from public.messages m
    where m.conversation_id = p_conversation_id
      and m.seq < coalesce(p_before, 9223372036854775807)
      and m.deleted_at is null
    order by m.seq desc
    limit p_limit
  ),
  senders as materialized (
    select u.id, u.email, u.full_name, u.avatar_url
    from public.user_profiles u
    where u.id in (select p.sender_id from page p)
      and (
        private.is_trusted()
        or exists (select from private.my_colleagues c where c.user_id = u.id)
      )
  )
  select
    p.id, p.conversation_id, p.sender_id, p.content, p.attachments, p.reactions,
    p.created_at, p.updated_at, p.seq, s.email, s.full_name, s.avatar_url
  from page p
  left join senders s on s.id = p.sender_id
  order by p.seq desc;
end
$$;

revoke execute on function public.get_messages_page(uuid, bigint, integer) from public, anon;
grant execute on function public.get_messages_page(uuid, bigint, integer) to authenticated, service_role;
