-- With something locked that others need: let the transaction end soon, where before_request has said how soon. PostgreSQL
-- ends the connection otherwise. A time-out of the statement would count the wait for the lock, too; and so would this one,
-- so that wait_unhurried is called before something else is waited for. A time-out that is already running, of the project's
-- own for instance, is not shortened but ended first.
create or replace function private.hold_briefly()
returns void
language plpgsql
set search_path = ''
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
set search_path = ''
as $$
begin
  if current_setting('chat.longest_hold', true) <> '' then
    perform set_config('transaction_timeout', '0', true);
  end if;
end
$$;

revoke execute on function private.hold_briefly() from public;
revoke execute on function private.wait_unhurried() from public;
