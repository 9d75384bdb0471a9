-- What is compared, and whose names do not matter; the other files take these lists as parameters.
--
-- Left out is what PostgreSQL, an extension or Supabase brings, except where it decides about ours: see `guarded`,
-- policy.sql and trigger.sql. This is the one place that says which schemas and publications those are.
with managed (name) as (
  values
    ('auth'), ('storage'), ('realtime'), ('_realtime'), ('extensions'), ('graphql'), ('graphql_public'), ('vault'),
    ('pgsodium'), ('pgsodium_masks'), ('supabase_migrations'), ('supabase_functions'), ('net'), ('pgbouncer'),
    ('cron'), ('pgmq'), ('pgtle'), ('tiger'), ('tiger_data'), ('topology'), ('repack'), ('etl'), ('_analytics'),
    ('_supavisor'), ('dbdev'), ('information_schema')
),
of_extensions as (
  select d.classid, d.objid from pg_catalog.pg_depend d where d.deptype = 'e'
),
ours as (
  select n.oid
  from pg_catalog.pg_namespace n
  where n.nspname !~ '^pg_'
    and n.nspname not in (select m.name from managed m)
    and ('pg_catalog.pg_namespace'::regclass, n.oid) not in (select e.classid, e.objid from of_extensions e)
)
select
  (select r.oid from pg_catalog.pg_roles r where r.rolname = current_user) as owner,
  -- Who may do everything anyway: what is granted to them says nothing.
  array(
    select r.oid from pg_catalog.pg_roles r
    where r.rolname in (current_user, 'postgres', 'supabase_admin', 'dashboard_user', 'pg_database_owner')
    order by r.oid
  ) as administrators,
  array(select o.oid from ours o order by o.oid) as schemas,
  array(
    select c.oid
    from pg_catalog.pg_class c
    join ours o on o.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'f', 'v', 'm', 'S')
      and ('pg_catalog.pg_class'::regclass, c.oid) not in (select e.classid, e.objid from of_extensions e)
    order by c.oid
  ) as relations,
  array(
    select p.oid
    from pg_catalog.pg_proc p
    join ours o on o.oid = p.pronamespace
    where ('pg_catalog.pg_proc'::regclass, p.oid) not in (select e.classid, e.objid from of_extensions e)
      -- A range brings functions that make one.
      and not exists (
        select from pg_catalog.pg_depend d
        where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype = 'i'
      )
    order by p.oid
  ) as functions,
  -- Not the types that come with a table, nor those of arrays and multiranges, which come with their elements.
  array(
    select t.oid
    from pg_catalog.pg_type t
    join ours o on o.oid = t.typnamespace
    left join pg_catalog.pg_class c on c.oid = t.typrelid
    where (t.typtype in ('e', 'd', 'r') or (t.typtype = 'c' and c.relkind = 'c'))
      and ('pg_catalog.pg_type'::regclass, t.oid) not in (select e.classid, e.objid from of_extensions e)
    order by t.oid
  ) as types,
  array(
    select p.oid from pg_catalog.pg_publication p
    where p.pubname <> 'supabase_realtime_messages_publication'
    order by p.oid
  ) as publications,
  -- Every table of Supabase's that may carry policies of ours.
  array(
    select c.oid
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join managed m on m.name = n.nspname
    where c.relkind in ('r', 'p')
      and n.nspname <> 'information_schema'
      and ('pg_catalog.pg_class'::regclass, c.oid) not in (select e.classid, e.objid from of_extensions e)
    order by c.oid
  ) as managed,
  -- Those of them that the API roles reach, so that without row-level security they lie open.
  array_remove(
    array[to_regclass('storage.objects'), to_regclass('storage.buckets'), to_regclass('realtime.messages')]::oid[],
    null
  ) as guarded,
  to_regclass('storage.buckets') is not null as has_buckets
