-- Called while the transaction holds a lock that others need: ends the transaction after the time that before_request
-- has set, if any. PostgreSQL then closes the connection. statement_timeout would include the wait for the lock;
-- transaction_timeout would, too, so wait_unhurried is called before anything else is waited for. A transaction_timeout
-- that is running already, for example the project's own, still applies if it ends sooner.
create or replace function private.hold_briefly()
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if current_setting('chat.longest_hold', true) <> '' then
    perform set_config('transaction_timeout', '0', true);
    perform set_config('transaction_timeout', current_setting('chat.longest_hold'), true);
  end if;
end
$$;

create or replace function private.wait_unhurried()
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if current_setting('chat.longest_hold', true) <> '' then
    perform set_config('transaction_timeout', '0', true);
  end if;
end
$$;

revoke execute on function private.hold_briefly() from public;
revoke execute on function private.wait_unhurried() from public;
