-- The working schemas of audit-rls: no API role can use them, and they are rolled back with the transaction that
-- creates them. chatctl_fixture is for copies of the fixture's rows in each table, under the name of the table.
-- chatctl_names has the functions that conditions call, and is in their search path; chatctl_audit is not, because its
-- table names may conflict with those in conditions.
--
-- id('sender') is the uuid of the object that the fixture calls 'sender', the same in every run; `names` has the
-- reverse mapping. Existing rows in `names` take precedence: with --on-existing-data, they are rows of the database.
create schema chatctl_audit;
create schema chatctl_names;
create schema chatctl_fixture;
set local search_path = chatctl_fixture, chatctl_names, public;

create table chatctl_audit.names (name text primary key, id uuid not null);

create function chatctl_names.id(p_name text)
returns uuid
language plpgsql
set search_path = ''
as $$
declare
  named uuid := (select n.id from chatctl_audit.names n where n.name = p_name);
begin
  if named is null then
    insert into chatctl_audit.names (name, id) values (p_name, md5('chatctl audit: ' || p_name)::uuid)
    returning id into named;
  end if;
  return named;
end
$$;

-- The impersonated identities: `actor` is the user that a policy should see, null for none. With `claims` null, the
-- setting of the session is unchanged, which is unset before the first request.
create table chatctl_audit.identities (
  position integer primary key,
  identity text not null unique,
  role text not null,
  actor uuid,
  trusted boolean not null,
  claims text
);

create table chatctl_audit.probes (
  batch integer not null,
  n integer not null,
  statement integer not null,
  identity integer not null,
  args text[] not null,
  -- A query for one boolean with the identity's position as $1, run by the operator before the statement is undone.
  holds text,
  -- Whether to record the tables to which the statement writes.
  counts boolean not null,
  primary key (batch, n)
);
create index on chatctl_audit.probes (batch, statement);

-- All tables of the database: PostgreSQL counts the rows that the current transaction writes to each, including those
-- rolled back to a savepoint. A partition has the name of its partitioned table.
create table chatctl_audit.watched as
select c.oid, format('%s.%s', n.nspname, whole.relname) as name
from pg_catalog.pg_class c
join pg_catalog.pg_class whole on whole.oid = coalesce(pg_partition_root(c.oid), c.oid)
join pg_catalog.pg_namespace n on n.oid = whole.relnamespace
where c.relkind = 'r' and n.nspname not in ('information_schema', 'chatctl_audit', 'chatctl_fixture') and n.nspname !~ '^pg_'
order by name;

-- The numbers of rows deleted, then inserted, then updated in each table. They share one sort, because every probe
-- calls this twice.
create function chatctl_audit.rows_written()
returns bigint[]
language sql volatile
set search_path = ''
as $$
  select array_agg(pg_stat_get_xact_tuples_deleted(w.oid)) || array_agg(pg_stat_get_xact_tuples_inserted(w.oid))
    || array_agg(pg_stat_get_xact_tuples_updated(w.oid))
  from (select t.oid from chatctl_audit.watched t order by t.name, t.oid) as w
$$;

-- The commands and tables of the rows written since `p_before`, such as 'insert public.messages'.
create function chatctl_audit.written_since(p_before bigint[])
returns text[]
language sql volatile
set search_path = ''
as $$
  select case when counted.now = p_before then '{}' else array(
    select distinct w.command || ' ' || w.name
    from (
      select t.name, c.command, row_number() over (order by c.command, t.name, t.oid) as place
      from chatctl_audit.watched t cross join unnest(array['delete', 'insert', 'update']) as c (command)
    ) as w
    join unnest(counted.now, p_before) with ordinality as r (now, before, place) using (place)
    where r.now > r.before
    order by 1
  ) end
  from (select chatctl_audit.rows_written() as now) as counted
$$;

-- The rows of the queries; a query that fails, as user-defined conditions may, returns none.
create function chatctl_audit.brought(p_queries text[])
returns table (name text, key text, value text)
language plpgsql
as $$
declare
  asked text;
begin
  foreach asked in array p_queries
  loop
    begin
      return query execute asked;
    exception
      when others then
        null;
    end;
  end loop;
end
$$;
