-- Refuse unless p_user_id is the caller. Trusted roles may name anybody.
create or replace function private.require_caller(p_user_id uuid)
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_user_id = private.current_user_id() or private.is_trusted() then
    return;
  end if;
  raise insufficient_privilege using
    message = 'p_user_id must be the caller', hint = 'FORBIDDEN';
end
$$;

revoke execute on function private.require_caller(uuid) from public;
grant execute on function private.require_caller(uuid) to authenticated, service_role;
