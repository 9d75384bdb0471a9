-- Functions that probably describe the caller, in schemas that the roles may use: they have no arguments, are stable,
-- and return a uuid (the caller's id) or a boolean (a property of the caller).
--   roles  text[]
select format('%%s.%%s', n.nspname, p.proname) as name, p.prorettype = 'uuid'::regtype as who
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
  and exists (
    select from pg_catalog.pg_roles r
    where r.rolname = any (%(roles)s::text[]) and has_schema_privilege(r.oid, n.oid, 'usage')
  )
  and p.pronargs = 0 and p.provolatile = 's' and not p.proretset
  and p.prorettype in ('uuid'::regtype, 'boolean'::regtype)
order by name
