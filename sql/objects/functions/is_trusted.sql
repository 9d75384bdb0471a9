-- Whether the current role bypasses row-level security (service_role, the owner's connection) or is an operator's, which
-- may use schema moderation. Looks at the session's role, because inside a SECURITY DEFINER function current_user is the
-- owner.
create or replace function private.is_trusted()
returns boolean
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  role_in_force text := coalesce(nullif(current_setting('role', true), 'none'), session_user);
begin
  if role_in_force in ('authenticated', 'anon') then
    return false;
  end if;
  return exists (
    select from pg_catalog.pg_roles r
    where r.rolname = role_in_force
      and (r.rolsuper or r.rolbypassrls or pg_catalog.has_schema_privilege(r.oid, 'moderation', 'usage'))
  );
end
$$;

revoke execute on function private.is_trusted() from public;
grant execute on function private.is_trusted() to authenticated, service_role;
