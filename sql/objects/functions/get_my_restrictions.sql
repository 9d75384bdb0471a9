-- What restricts the caller now, for a client to explain it. Also a suspended caller may ask: it is all that they can.
--   kind   suspended or muted
--   until  null: until it is lifted
--   reason what an operator wants the user to know; null: nothing
create or replace function public.get_my_restrictions()
returns table (kind text, organization_id uuid, conversation_id uuid, until timestamptz, reason text)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select 'suspended', null::uuid, null::uuid, s.suspended_until, s.visible_reason
  from private.suspensions s
  where s.user_id = private.claimed_user_id() and exists (select from private.suspended a where a.user_id = s.user_id)
  union all
  select 'muted', m.organization_id, m.conversation_id, m.muted_until, m.visible_reason
  from private.muted m
  where m.user_id = private.claimed_user_id()
  order by 1 desc, 2 nulls first, 3 nulls first
$$;

revoke execute on function public.get_my_restrictions() from public, anon;
grant execute on function public.get_my_restrictions() to authenticated, service_role;
