-- Who is asking: the user id of the caller's token; null for a token that names nobody, and for a
-- suspended user, who from that moment is nobody to every policy and function.
-- Never raises, whatever the claims: one raising policy stops Realtime for everybody. auth.uid() does raise.
create or replace function private.current_user_id()
returns uuid
language plpgsql stable security definer
set search_path = ''
as $$
declare
  sub text;
  caller uuid;
begin
  begin
    sub := coalesce(
      nullif(current_setting('request.jwt.claim.sub', true), ''),
      nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
    );
  exception when others then -- not JSON, or nested past the stack
    return null;
  end;
  if sub ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' then
    caller := sub;
  end if;
  if caller is not null and exists (select from private.suspended s where s.user_id = caller) then
    return null;
  end if;
  return caller;
end
$$;

revoke execute on function private.current_user_id() from public;
grant execute on function private.current_user_id() to authenticated, service_role;
