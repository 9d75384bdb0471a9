-- PostgREST calls this at the start of each request (db_pre_request). It gives a user's write 0.9 seconds. Otherwise a
-- request whose response takes long (`select=` that embeds thousands of rows after an insert) could hold the rows that
-- it has changed for 8 seconds. From PostgreSQL 17 on, a write also holds a conversation for at most 0.4 seconds, which
-- is less than others may wait; see hold_briefly. A request that only reads runs in a read-only transaction.
create or replace function chat_hooks.before_request()
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
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
