-- Who is asking: the user id of the caller's token; null for a token that names nobody, and for a
-- suspended user, who from that moment is nobody to every policy and function.
-- Never raises, whatever the claims: one raising policy stops Realtime for everybody. auth.uid() does raise.
create or replace function private.current_user_id()
returns uuid
language plpgsql stable security definer
set search_path = ''
as $$
declare
  caller uuid;
begin
  begin
    caller := coalesce(
      nullif(current_setting('request.jwt.claim.sub', true), ''),
      nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
    );
  exception when others then -- not JSON, nested past the stack, or no id
    return null;
  end;
  if caller is not null and exists (select from private.suspended s where s.user_id = caller) then
    return null;
  end if;
  return caller;
end
$$;

revoke execute on function private.current_user_id() from public;
grant execute on function private.current_user_id() to authenticated, service_role;
