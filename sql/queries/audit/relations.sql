-- How the tables and views of schemas that the roles may enter are closed.
--   roles  text[]
select
  format('%%s.%%s', n.nspname, c.relname) as relation,
  c.relkind::text as kind,
  c.relrowsecurity as row_security,
  coalesce('security_invoker=true' = any (c.reloptions) or 'security_invoker=on' = any (c.reloptions), false) as invoker,
  exists (select from pg_catalog.pg_policy p where p.polrelid = c.oid) as has_policies,
  exists (
    select from pg_catalog.pg_depend d
    where (d.classid, d.objid, d.deptype) = ('pg_catalog.pg_class'::regclass, c.oid, 'e')
  ) as of_extension
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
  and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
  and exists (
    select from pg_catalog.pg_roles r
    where r.rolname = any (%(roles)s::text[]) and has_schema_privilege(r.oid, n.oid, 'usage')
  )
order by relation
