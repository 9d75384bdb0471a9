-- The schemas that the roles may enter.
--   roles  text[]
select n.nspname as name
from pg_catalog.pg_namespace n
where n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
  and exists (
    select from pg_catalog.pg_roles r
    where r.rolname = any (%(roles)s::text[]) and has_schema_privilege(r.oid, n.oid, 'usage')
  )
order by name
