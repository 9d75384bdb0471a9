-- With something locked that others need: let the transaction end soon, where before_request has said how soon. PostgreSQL
-- ends the connection otherwise. A time-out of the statement would count the wait for the lock, too. The first call of a
-- transaction counts; a time-out that the project has set is already running, and would not be shortened but ended first.
create or replace function private.hold_briefly()
returns void
language plpgsql
set search_path = ''
as $$
begin
  if current_setting('chat.longest_hold', true) <> '' then
    perform set_config('transaction_timeout', '0', true);
    perform set_config('transaction_timeout', current_setting('chat.longest_hold'), true);
    perform set_config('chat.longest_hold', '', true);
  end if;
end
$$;

revoke execute on function private.hold_briefly() from public;
