-- The objects to compare, and the roles to ignore; the other files take these lists as parameters.
--
-- Objects of PostgreSQL, extensions and Supabase are left out (see platform.sql), unless they affect ours: see
-- `guarded`, policy.sql, trigger.sql and grant.sql.
with platform as materialized (
  select
    string_to_array(current_setting('chatctl.platform_schemas'), ',')::oid[] as schemas,
    string_to_array(current_setting('chatctl.platform_relations'), ',')::oid[] as relations,
    string_to_array(current_setting('chatctl.platform_functions'), ',')::oid[] as functions,
    string_to_array(current_setting('chatctl.platform_types'), ',')::oid[] as types,
    string_to_array(current_setting('chatctl.platform_publications'), ',')::oid[] as publications,
    string_to_array(current_setting('chatctl.platform_unguarded'), ',')::oid[] as unguarded
),
schemas as (
  select n.oid from pg_catalog.pg_namespace n where n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
)
select
  (select r.oid from pg_catalog.pg_roles r where r.rolname = current_user) as owner,
  -- Roles that have all privileges anyway, so that grants to them do not matter.
  array(
    select r.oid from pg_catalog.pg_roles r
    where r.rolsuper or r.rolname in (current_user, 'postgres', 'dashboard_user', 'pg_database_owner')
    order by r.oid
  ) as administrators,
  array(select s.oid from schemas s where s.oid <> all (p.schemas) order by s.oid) as schemas,
  array(
    select c.oid
    from pg_catalog.pg_class c
    join schemas s on s.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'f', 'v', 'm', 'S') and c.oid <> all (p.relations)
    order by c.oid
  ) as relations,
  array(
    select f.oid
    from pg_catalog.pg_proc f
    join schemas s on s.oid = f.pronamespace
    where f.oid <> all (p.functions)
      -- A range type has constructor functions.
      and not exists (
        select from pg_catalog.pg_depend d
        where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = f.oid and d.deptype = 'i'
      )
    order by f.oid
  ) as functions,
  -- Without the types of tables, arrays and multiranges, which are created automatically.
  array(
    select t.oid
    from pg_catalog.pg_type t
    join schemas s on s.oid = t.typnamespace
    left join pg_catalog.pg_class c on c.oid = t.typrelid
    where (t.typtype in ('e', 'd', 'r') or (t.typtype = 'c' and c.relkind = 'c')) and t.oid <> all (p.types)
    order by t.oid
  ) as types,
  array(
    select b.oid from pg_catalog.pg_publication b where b.oid <> all (p.publications) order by b.oid
  ) as publications,
  -- Supabase's tables, which may have our policies and triggers, and its schemas, for default privileges.
  p.relations as managed,
  p.schemas as managed_schemas,
  -- Supabase's tables that are open if row-level security is disabled: those that every project has, and all others where
  -- it is disabled.
  array(
    select g.oid
    from unnest(p.unguarded || array[to_regclass('storage.objects'), to_regclass('storage.buckets')]::oid[]) as g (oid)
    where g.oid is not null
    group by g.oid
    order by g.oid
  ) as guarded,
  to_regclass('storage.buckets') is not null as has_buckets
from platform p
