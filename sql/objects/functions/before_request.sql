-- What PostgREST calls at the beginning of each request (db_pre_request). A write of a user may take 0.9 seconds: one
-- whose answer was made to take long (`select=` with thousands of embedded rows after an insert) would keep others
-- waiting for what it has changed as long as it may run, which is 8 seconds. From PostgreSQL 17 on it may hold a
-- conversation for 0.4 seconds, see hold_briefly: less than others may wait. A request that only reads is read-only.
create or replace function chat_hooks.before_request()
returns void
language plpgsql
set search_path = ''
as $$
begin
  if current_setting('role', true) is distinct from 'authenticated' or current_setting('transaction_read_only') = 'on' then
    return;
  end if;
  if current_setting('statement_timeout')::interval not between interval '1 microsecond' and interval '0.9 seconds' then
    perform set_config('statement_timeout', '900ms', true);
  end if;
  if current_setting('server_version_num')::integer >= 170000 then
    perform set_config('chat.longest_hold', '400ms', true);
  end if;
end
$$;

revoke execute on function chat_hooks.before_request() from public;
grant execute on function chat_hooks.before_request() to anon, authenticated, service_role;
