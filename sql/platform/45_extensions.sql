-- The objects of pg_graphql, pg_net, Vault and pg_stat_statements on a hosted project that contain data or can be accessed.
--
-- They have the same definitions and do little: requests are queued but never sent, nothing is encrypted, and no statements
-- are counted.
select pg_advisory_xact_lock(hashtextextended('chatctl platform', 0));
set local client_min_messages = warning; -- "already exists, skipping" is the normal case here

-- pg_net --------------------------------------------------------------------------------------------------------------

do $$
begin
  if to_regtype('net.http_method') is null then
    create domain net.http_method as text check (lower(value) in ('get', 'post', 'delete'));
    create type net.request_status as enum ('PENDING', 'SUCCESS', 'ERROR');
    create type net.http_response as (status_code integer, headers jsonb, body text);
    create type net.http_response_result as (status net.request_status, message text, response net.http_response);
  end if;
end
$$;

create unlogged table if not exists net.http_request_queue (
  id bigserial,
  method net.http_method not null,
  url text not null,
  headers jsonb,
  body bytea,
  timeout_milliseconds integer not null
);
create unlogged table if not exists net._http_response (
  id bigint,
  status_code integer,
  content_type text,
  headers jsonb,
  content text,
  timed_out boolean,
  error_msg text,
  created timestamptz not null default now()
);
grant all on net.http_request_queue, net._http_response to public;
grant all on sequence net.http_request_queue_id_seq to public;

-- A trigger that sends a request must not fail because the worker that would send it is missing.
create or replace function net.http_get(
  url text, params jsonb default '{}', headers jsonb default '{}', timeout_milliseconds integer default 5000
)
returns bigint
language sql security definer
set search_path = net
as $$
  insert into net.http_request_queue (method, url, headers, timeout_milliseconds) values ('GET', $1, $3, $4) returning id
$$;

create or replace function net.http_post(
  url text, body jsonb default '{}', params jsonb default '{}', headers jsonb default '{"Content-Type": "application/json"}',
  timeout_milliseconds integer default 5000
)
returns bigint
language sql security definer
set search_path = net
as $$
  insert into net.http_request_queue (method, url, headers, body, timeout_milliseconds)
  values ('POST', $1, $4, convert_to($2::text, 'UTF8'), $5)
  returning id
$$;

create or replace function net.http_delete(
  url text, params jsonb default '{}', headers jsonb default '{}', timeout_milliseconds integer default 5000,
  body jsonb default null
)
returns bigint
language sql
as $$
  insert into net.http_request_queue (method, url, headers, body, timeout_milliseconds)
  values ('DELETE', $1, $3, convert_to($5::text, 'UTF8'), $4)
  returning id
$$;

-- pg_graphql ----------------------------------------------------------------------------------------------------------

create sequence if not exists graphql.seq_schema_version as integer cycle;

create or replace function graphql.get_schema_version()
returns integer
language sql security definer
as $$
  select last_value::integer from graphql.seq_schema_version
$$;

-- On hosted projects, every change of the schema increments it. Here nothing caches the schema, so it is not needed.
create or replace function graphql.increment_schema_version()
returns event_trigger
language plpgsql security definer
as $$
begin
end
$$;

create or replace function graphql.exception(message text)
returns text
language plpgsql
as $$
begin
  raise exception using errcode = '22000', message = exception.message;
end
$$;

-- The response of a hosted project where the extension is disabled.
create or replace function graphql_public.graphql(
  "operationName" text default null, query text default null, variables jsonb default null, extensions jsonb default null
)
returns jsonb
language sql
as $$
  select jsonb_build_object('errors', jsonb_build_array(jsonb_build_object(
    'message', 'pg_graphql is not available on the embedded server'
  )))
$$;

-- Vault ---------------------------------------------------------------------------------------------------------------

create table if not exists vault.secrets (
  id uuid primary key default gen_random_uuid(),
  name text,
  description text not null default '',
  secret text not null,
  key_id uuid,
  nonce bytea,
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz not null default current_timestamp
);
create or replace view vault.decrypted_secrets as
select s.id, s.name, s.description, s.secret, null::text as decrypted_secret, s.key_id, s.nonce, s.created_at, s.updated_at
from vault.secrets s;

-- pg_stat_statements --------------------------------------------------------------------------------------------------

create or replace view extensions.pg_stat_statements_info as
select 0::bigint as dealloc, null::timestamptz as stats_reset;
create or replace view extensions.pg_stat_statements as
select
  null::oid as userid, null::oid as dbid, null::boolean as toplevel, null::bigint as queryid, null::text as query,
  null::bigint as calls, null::double precision as total_exec_time, null::double precision as mean_exec_time,
  null::bigint as rows
where false;
grant select on extensions.pg_stat_statements, extensions.pg_stat_statements_info to public;
