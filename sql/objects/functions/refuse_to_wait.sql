-- Refuse a statement that would wait in an order that can deadlock. A retry shortly after may succeed.
create or replace function private.refuse_to_wait()
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  perform private.refuse('PT429', 'RATE_LIMITED',
    'Others are writing there at the moment. Try again, one conversation at a time.',
    jsonb_build_object('retry_after', 1));
end
$$;

revoke execute on function private.refuse_to_wait() from public;
