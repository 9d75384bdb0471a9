-- Whom the caller's token names; null for a token that names nobody.
-- Never raises, whatever the claims: one raising policy stops Realtime for everybody. auth.uid() does raise.
create or replace function private.claimed_user_id()
returns uuid
language plpgsql stable
set search_path = ''
as $$
declare
  named uuid;
begin
  -- An assignment, since what RETURN casts is cast past the handler.
  named := coalesce(
    nullif(current_setting('request.jwt.claim.sub', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
  );
  return named;
exception when others then -- not JSON, nested past the stack, or no id
  return null;
end
$$;

-- Who is asking: the user whom the caller's token names; null for a suspended user, who from that moment is nobody to
-- every policy and function.
create or replace function private.current_user_id()
returns uuid
language plpgsql stable security definer
set search_path = ''
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
