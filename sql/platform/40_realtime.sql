-- The objects of Supabase Realtime: the publication to which tables are added, the table for the policies of channels,
-- and the table of subscriptions. The functions that follow changes are in 60_stubs.sql.
select pg_advisory_xact_lock(hashtextextended('chatctl platform', 0));
set local client_min_messages = warning; -- "already exists, skipping" is the normal case here

do $$
begin
  if not exists (select from pg_catalog.pg_publication where pubname = 'supabase_realtime') then
    create publication supabase_realtime;
  end if;
end
$$;
alter publication supabase_realtime owner to postgres;

do $$
begin
  if to_regtype('realtime.equality_op') is null then
    create type realtime.action as enum ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'ERROR');
    create type realtime.equality_op as enum (
      'eq', 'neq', 'lt', 'lte', 'gt', 'gte', 'in', 'like', 'ilike', 'is', 'match', 'imatch', 'isdistinct'
    );
    create type realtime.user_defined_filter as (column_name text, op realtime.equality_op, value text, negate boolean);
    create type realtime.wal_column as (
      name text, type_name text, type_oid oid, value jsonb, is_pkey boolean, is_selectable boolean
    );
    create type realtime.wal_rls as (wal jsonb, is_rls_enabled boolean, subscription_ids uuid[], errors text[]);
  end if;
end
$$;

-- Broadcasts ----------------------------------------------------------------------------------------------------------
-- Its policies decide who may join a private channel. Realtime creates a partition for each day in advance; nothing does
-- that here, so a default partition takes the rows of later days.

create table if not exists realtime.messages (
  topic text not null,
  extension text not null,
  payload jsonb,
  event text,
  private boolean default false,
  updated_at timestamp not null default now(),
  inserted_at timestamp not null default now(),
  id uuid not null default gen_random_uuid(),
  primary key (id, inserted_at)
) partition by range (inserted_at);
alter table realtime.messages add column if not exists binary_payload bytea;
create table if not exists realtime.messages_other_days partition of realtime.messages default;
do $$
declare
  day date;
begin
  if not exists (select from realtime.messages_other_days) then
    foreach day in array array[current_date, current_date + 1]
    loop
      execute format(
        'create table if not exists realtime.%I partition of realtime.messages for values from (%L) to (%L)',
        'messages_' || to_char(day, 'YYYY_MM_DD'), day, day + 1
      );
    end loop;
  end if;
end
$$;

-- The channel for which a policy on realtime.messages is evaluated.
create or replace function realtime.topic()
returns text
language sql stable
as $$
  select nullif(current_setting('realtime.topic', true), '')::text
$$;

-- A failure to send is a warning, so that a statement does not fail because its broadcast did.
create or replace function realtime.send(payload jsonb, event text, topic text, private boolean default true)
returns void
language plpgsql
as $$
begin
  insert into realtime.messages (payload, event, topic, private, extension) values ($1, $2, $3, $4, 'broadcast');
exception
  when others then
    raise warning 'the broadcast was not sent: %', sqlerrm;
end
$$;

create or replace function realtime.send_binary(payload bytea, event text, topic text, private boolean default true)
returns void
language plpgsql
as $$
begin
  insert into realtime.messages (binary_payload, event, topic, private, extension) values ($1, $2, $3, $4, 'broadcast');
exception
  when others then
    raise warning 'the broadcast was not sent: %', sqlerrm;
end
$$;

-- For triggers: broadcasts the change of a row to a channel.
create or replace function realtime.broadcast_changes(
  topic_name text, event_name text, operation text, table_name text, table_schema text, new record, old record,
  level text default 'ROW'
)
returns void
language plpgsql
as $$
begin
  if level <> 'ROW' then
    raise exception 'a change is broadcast for each row, not for each %', level;
  end if;
  perform realtime.send(
    jsonb_build_object(
      'operation', operation, 'table', table_name, 'schema', table_schema,
      'record', case when operation <> 'DELETE' then to_jsonb(new) end,
      'old_record', case when operation <> 'INSERT' then to_jsonb(old) end
    ),
    event_name, topic_name
  );
end
$$;

-- Subscriptions to changes --------------------------------------------------------------------------------------------

create or replace function realtime.to_regrole(role_name text)
returns regrole
language sql immutable
as $$
  select role_name::regrole
$$;
alter function realtime.to_regrole(text) owner to supabase_realtime_admin;

create table if not exists realtime.subscription (
  id bigint generated always as identity primary key,
  subscription_id uuid not null,
  entity regclass not null,
  filters realtime.user_defined_filter[] not null default '{}',
  claims jsonb not null,
  claims_role regrole not null generated always as (realtime.to_regrole(claims ->> 'role')) stored,
  created_at timestamp not null default timezone('utc', now()),
  action_filter text default '*' check (action_filter in ('*', 'INSERT', 'UPDATE', 'DELETE')),
  selected_columns text[]
);
create table if not exists realtime.schema_migrations (version bigint primary key, inserted_at timestamp(0));

-- Owners and rights ---------------------------------------------------------------------------------------------------

do $$
declare
  thing text;
begin
  for thing in
    select c.oid::regclass::text from pg_catalog.pg_class c
    where c.relnamespace = 'realtime'::regnamespace and c.relkind in ('r', 'p')
      and c.relname ~ '^(subscription|messages(_.*)?)$'
  loop
    execute format('alter table %s owner to supabase_realtime_admin', thing);
  end loop;
  foreach thing in array array['action', 'equality_op', 'user_defined_filter', 'wal_column', 'wal_rls']
  loop
    execute format('alter type realtime.%I owner to supabase_realtime_admin', thing);
  end loop;
  foreach thing in array array[
    'topic()', 'send(jsonb, text, text, boolean)', 'send_binary(bytea, text, text, boolean)',
    'broadcast_changes(text, text, text, text, text, record, record, text)'
  ]
  loop
    execute format('alter function realtime.%s owner to supabase_realtime_admin', thing);
  end loop;
end
$$;

alter table realtime.messages enable row level security;
grant select, insert, update on realtime.messages to anon, authenticated, service_role;
grant select on realtime.subscription to anon, authenticated, service_role;
grant usage on sequence realtime.subscription_id_seq to anon, authenticated, service_role;
grant all on realtime.messages, realtime.subscription to postgres, dashboard_user;
