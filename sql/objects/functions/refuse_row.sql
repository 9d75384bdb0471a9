-- Refuse a row with the error of its policy. For checks before a lock is taken; the policy runs afterwards.
create or replace function private.refuse_row(p_table text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise insufficient_privilege using
    message = format('new row violates row-level security policy for table "%s"', p_table);
end
$$;

revoke execute on function private.refuse_row(text) from public;
