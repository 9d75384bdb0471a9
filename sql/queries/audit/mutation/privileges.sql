-- The privileges of each role on each table or view and its columns: a row per command, and per column if the command
-- has column privileges. `reached` is whether the role has usage on the schema.
--   relations  text[]  schema.table
--   roles      text[]
with things as (
  select c.oid, format('%%s.%%s', n.nspname, c.relname) as relation, r.oid as role_id, r.rolname::text as role,
    has_schema_privilege(r.oid, n.oid, 'usage') as reached
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_roles r on r.rolname = any (%(roles)s::text[])
  where format('%%s.%%s', n.nspname, c.relname) = any (%(relations)s::text[])
)
select t.relation, t.role, t.reached, k.command, a.attname::text as column,
  has_column_privilege(t.role_id, t.oid, a.attnum, k.command) as held
from things t
cross join unnest(array['select', 'insert', 'update']) as k (command)
join pg_catalog.pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
union all
select t.relation, t.role, t.reached, k.command, null, has_table_privilege(t.role_id, t.oid, k.command)
from things t
cross join unnest(array['delete', 'truncate']) as k (command)
order by relation, role, command, "column"
