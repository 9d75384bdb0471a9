-- The user for whom role authenticated acts: whose writes wait for each other, and have limits. Null for every other
-- role, whatever its rights, and for a token that names nobody.
create or replace function private.api_user()
returns uuid
language sql stable
set search_path = ''
as $$
  select case
    when coalesce(nullif(current_setting('role', true), 'none'), session_user) = 'authenticated'
      then private.current_user_id()
  end
$$;

revoke execute on function private.api_user() from public;
