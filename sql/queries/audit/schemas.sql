-- The schemas that the roles may enter or make objects in, and which of them may.
--   roles  text[]
select n.nspname as name,
  array_agg(r.rolname::text order by r.rolname) filter (where has_schema_privilege(r.oid, n.oid, 'usage')) as enter,
  array_agg(r.rolname::text order by r.rolname) filter (where has_schema_privilege(r.oid, n.oid, 'create')) as make
from pg_catalog.pg_namespace n
join pg_catalog.pg_roles r on r.rolname = any (%(roles)s::text[]) and has_schema_privilege(r.oid, n.oid, 'usage, create')
where n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
group by n.nspname
order by name
