-- How many messages of a conversation p_user_id has not read: newer than the read position, not their own, not deleted.
-- 0 for a conversation that the user does not take part in. Costs the same whatever the backlog.
create or replace function public.get_unread_count(p_conversation_id uuid, p_user_id uuid)
returns integer
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform private.require_caller(p_user_id);
  return coalesce((
    select (c.message_count - r.seen_count)::integer
    from private.read_states r
    join public.conversations c on c.id = r.conversation_id
    join private.participations p on p.conversation_id = r.conversation_id and p.user_id = r.user_id
    where r.conversation_id = p_conversation_id and r.user_id = p_user_id
  ), 0);
end
$$;

revoke execute on function public.get_unread_count(uuid, uuid) from public, anon;
grant execute on function public.get_unread_count(uuid, uuid) to authenticated, service_role;
