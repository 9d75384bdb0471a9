-- The objects of Supabase's other services: database webhooks and the connection pooler.
select pg_advisory_xact_lock(hashtextextended('chatctl platform', 0));
set local client_min_messages = warning; -- "already exists, skipping" is the normal case here

create table if not exists supabase_functions.migrations (
  version text primary key,
  inserted_at timestamptz not null default now()
);
create table if not exists supabase_functions.hooks (
  id bigserial primary key,
  hook_table_id integer not null,
  hook_name text not null,
  created_at timestamptz not null default now(),
  request_id bigint
);

-- For triggers: on <table> execute function supabase_functions.http_request(url, method, headers, params, timeout). The
-- request is queued, as by pg_net, and never sent.
create or replace function supabase_functions.http_request()
returns trigger
language plpgsql security definer
set search_path = supabase_functions
as $$
declare
  headers jsonb := coalesce(nullif(tg_argv[2], 'null'), '{"Content-Type": "application/json"}');
  request bigint;
begin
  if tg_argv[1] = 'GET' then
    request := net.http_get(
      tg_argv[0], coalesce(nullif(tg_argv[3], 'null'), '{}')::jsonb, headers, coalesce(tg_argv[4], '1000')::integer
    );
  elsif tg_argv[1] = 'POST' then
    request := net.http_post(
      tg_argv[0],
      jsonb_build_object(
        'type', tg_op, 'table', tg_table_name, 'schema', tg_table_schema,
        'record', case when tg_op <> 'DELETE' then to_jsonb(new) end,
        'old_record', case when tg_op <> 'INSERT' then to_jsonb(old) end
      ),
      '{}', headers, coalesce(tg_argv[4], '1000')::integer
    );
  else
    raise exception 'a webhook is a GET or a POST, not a %', tg_argv[1];
  end if;
  insert into hooks (hook_table_id, hook_name, request_id) values (tg_relid::bigint::integer, tg_name, request);
  return coalesce(new, old);
end
$$;

alter table supabase_functions.migrations owner to supabase_functions_admin;
alter table supabase_functions.hooks owner to supabase_functions_admin;
alter function supabase_functions.http_request() owner to supabase_functions_admin;
revoke all on function supabase_functions.http_request() from public;
grant execute on function supabase_functions.http_request() to postgres, anon, authenticated, service_role;
