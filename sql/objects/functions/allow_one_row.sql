-- Refuse a second row in a statement from the API that changes rows which other users also change. Called for each
-- row. PostgreSQL locks the row before this runs, so lock_timeout is shortened until restore_lock_timeout runs after the
-- statement: a wait for another row then ends before it becomes a deadlock. It stays long enough for one row to be
-- written to a slow disk.
create or replace function private.allow_one_row(p_sentence text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if current_setting('chat.usual_lock_timeout', true) <> '' then
    perform private.refuse('PT400', 'VALIDATION_ERROR', p_sentence);
  end if;
  perform
    set_config('chat.usual_lock_timeout', current_setting('lock_timeout'), true),
    set_config('lock_timeout', '300ms', true);
end
$$;

-- Restore lock_timeout after the statement. Returns whether the statement changed such a row.
create or replace function private.restore_lock_timeout()
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  usual text := current_setting('chat.usual_lock_timeout', true);
begin
  if usual <> '' then
    perform set_config('lock_timeout', usual, true), set_config('chat.usual_lock_timeout', '', true);
    return true;
  end if;
  return false;
end
$$;

revoke execute on function private.allow_one_row(text) from public;
revoke execute on function private.restore_lock_timeout() from public;
