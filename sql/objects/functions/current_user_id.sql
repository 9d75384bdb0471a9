-- Who is asking: the user id of the caller's token; null for a token that names nobody, and for a
-- suspended user, who from that moment is nobody to every policy and function.
-- Never raises, whatever the claims: one raising policy stops Realtime for everybody. auth.uid() does raise.
create or replace function private.current_user_id()
returns uuid
language plpgsql stable security definer
set search_path = ''
as $$
declare
  sub text := nullif(current_setting('request.jwt.claim.sub', true), '');
  claims text := nullif(current_setting('request.jwt.claims', true), '');
begin
  if sub is null and claims is not null then
    begin
      sub := claims::jsonb ->> 'sub';
    exception when others then -- not JSON, or nested past the stack
      return null;
    end;
  end if;
  if sub is null or sub !~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' then
    return null;
  end if;
  if exists (
    select from private.suspensions s
    where s.user_id = sub::uuid and (s.suspended_until is null or s.suspended_until > now())
  ) then
    return null;
  end if;
  return sub::uuid;
end
$$;

revoke execute on function private.current_user_id() from public;
grant execute on function private.current_user_id() to authenticated, service_role;
