-- Refuse a request in the form that clients expect: PostgREST turns the SQLSTATE into the HTTP status; the hint is the
-- plan's error code, the detail its JSON.
create or replace function private.refuse(
  p_sqlstate text, p_code text, p_message text, p_details jsonb default '{}'
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using
    errcode = p_sqlstate, message = p_message, hint = p_code, detail = p_details::text;
end
$$;

revoke execute on function private.refuse(text, text, text, jsonb) from public;
grant execute on function private.refuse(text, text, text, jsonb) to authenticated, service_role;
