-- Wait until no other session is starting a direct conversation of these two users, and keep others waiting until the
-- transaction ends. A transaction that has started one already does not wait: three people who each start two, in a ring, would
-- deadlock.
create or replace function private.take_pair(p_organization_id uuid, p_user_a uuid, p_user_b uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  pair bigint := hashtextextended(concat_ws(' ', 'direct', p_organization_id, p_user_a, p_user_b), 0);
begin
  if coalesce(current_setting('chat.has_pair', true), '') = '' then
    perform pg_advisory_xact_lock(pair), set_config('chat.has_pair', 'yes', true);
  elsif not pg_try_advisory_xact_lock(pair) then
    perform private.refuse_to_wait();
  end if;
end
$$;

revoke execute on function private.take_pair(uuid, uuid, uuid) from public;
