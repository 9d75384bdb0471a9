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

-- The same at the moment at which a row is written or has been, for triggers: who has been suspended since the statement
-- began, which may have waited, is refused. Volatile, so that it sees what was committed meanwhile.
create or replace function private.api_writer(p_table text)
returns uuid
language plpgsql
set search_path = ''
as $$
declare
  writer uuid := private.api_user();
begin
  if writer is null and coalesce(nullif(current_setting('role', true), 'none'), session_user) = 'authenticated' then
    perform private.refuse_row(p_table);
  end if;
  return writer;
end
$$;

revoke execute on function private.api_user() from public;
revoke execute on function private.api_writer(text) from public;
