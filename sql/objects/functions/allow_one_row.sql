-- Of the rows that others change too, a statement of the API changes one: called for each of them, it refuses the second.
-- PostgreSQL locks that row before it asks, so that waiting for it is kept too short to become a deadlock, until
-- restore_lock_timeout after the statement; not so short that the one row could run out of it, waiting for room on the disk.
create or replace function private.allow_one_row(p_sentence text)
returns void
language plpgsql
set search_path = ''
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

-- Returns whether the statement has changed such a row.
create or replace function private.restore_lock_timeout()
returns boolean
language plpgsql
set search_path = ''
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
