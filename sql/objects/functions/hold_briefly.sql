-- With a conversation, or somebody else's message, locked at the beginning of a statement: let the transaction end soon,
-- where before_request has said how soon. PostgreSQL ends the connection otherwise. A time-out of the statement would
-- count the wait for the lock, too.
create or replace function private.hold_briefly()
returns void
language plpgsql
set search_path = ''
as $$
begin
  if current_setting('chat.longest_hold', true) <> '' then
    perform set_config('transaction_timeout', current_setting('chat.longest_hold'), true);
  end if;
end
$$;

revoke execute on function private.hold_briefly() from public;
