-- The privileges of the roles on tables, views and sequences in schemas that they may use: a row per privilege, or per
-- column for column privileges. Objects of Supabase and of extensions (see platform.sql) only if listed.
--   roles   text[]
--   listed  text[]  schema.table
with reachable as (
  select c.oid, n.nspname, c.relname, c.relkind, r.oid as role, r.rolname
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_roles r on r.rolname = any (%(roles)s::text[])
  where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
    and has_schema_privilege(r.oid, n.oid, 'usage')
    and (
      c.oid not in (select unnest(string_to_array(current_setting('chatctl.platform_relations'), ',')::oid[]))
      or format('%%s.%%s', n.nspname, c.relname) = any (%(listed)s::text[])
    )
)
select t.nspname as schema, format('%%s.%%s', t.nspname, t.relname) as relation, t.rolname as role, p.privilege,
  a.attname as column
from reachable t
cross join unnest(array['select', 'insert', 'update', 'references']) as p (privilege)
join pg_catalog.pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
where t.relkind <> 'S' and has_column_privilege(t.role, t.oid, a.attnum, p.privilege)
union all
select t.nspname, format('%%s.%%s', t.nspname, t.relname), t.rolname, p.privilege, null
from reachable t
cross join unnest(
  array['delete', 'truncate', 'trigger']
  || case when current_setting('server_version_num')::integer >= 170000 then array['maintain'] else '{}' end
) as p (privilege)
where t.relkind <> 'S' and has_table_privilege(t.role, t.oid, p.privilege)
union all
select t.nspname, format('%%s.%%s', t.nspname, t.relname), t.rolname, p.privilege, null
from reachable t
cross join unnest(array['usage', 'select', 'update']) as p (privilege)
where t.relkind = 'S' and has_sequence_privilege(t.role, t.oid, p.privilege)
order by 2, 3, 4, 5
