-- The user on whose behalf role authenticated acts. Their writes take turns and have limits. Null for every other role,
-- whatever its privileges, and for a token without a user id.
create or replace function private.api_user()
returns uuid
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select case
    when coalesce(nullif(current_setting('role', true), 'none'), session_user) = 'authenticated'
      then private.current_user_id()
  end
$$;

-- The same for triggers, which may run after the statement has waited: a user who was suspended meanwhile is refused.
-- Volatile, so that it sees what was committed since the statement began.
create or replace function private.api_writer(p_table text)
returns uuid
language plpgsql
set search_path = pg_catalog, pg_temp
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
