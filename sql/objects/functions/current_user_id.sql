-- The user id in the caller's token; null if it has none.
-- Never raises, whatever the claims are: a policy that raises stops Realtime for everybody. auth.uid() can raise.
create or replace function private.claimed_user_id()
returns uuid
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  named uuid;
begin
  -- Assigned first, because a cast by RETURN would be outside of the exception handler.
  named := coalesce(
    nullif(current_setting('request.jwt.claim.sub', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
  );
  return named;
exception when others then -- not JSON, nested too deeply for the stack, or not a uuid
  return null;
end
$$;

-- The caller's user id; null if the token has none, or if the user is suspended. Policies and functions then treat the
-- caller as nobody.
create or replace function private.current_user_id()
returns uuid
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  caller uuid := private.claimed_user_id();
begin
  if caller is not null and exists (select from private.suspended s where s.user_id = caller) then
    return null;
  end if;
  return caller;
end
$$;

revoke execute on function private.claimed_user_id() from public;
revoke execute on function private.current_user_id() from public;
grant execute on function private.claimed_user_id() to authenticated, service_role;
grant execute on function private.current_user_id() to authenticated, service_role;
