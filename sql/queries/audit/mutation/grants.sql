-- The privileges that the operator granted to the roles and can revoke: a row per privilege of a table or view, or
-- per column for column privileges.
--   relations  text[]  schema.table
--   roles      text[]
select format('%%s.%%s', n.nspname, c.relname) as relation, null as column, r.rolname::text as role, lower(g.privilege_type) as command
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
cross join lateral aclexplode(c.relacl) as g
join pg_catalog.pg_roles r on r.oid = g.grantee and r.rolname = any (%(roles)s::text[])
where format('%%s.%%s', n.nspname, c.relname) = any (%(relations)s::text[])
  and g.grantor = (select m.oid from pg_catalog.pg_roles m where m.rolname = current_user)
union all
select format('%%s.%%s', n.nspname, c.relname), a.attname::text, r.rolname::text, lower(g.privilege_type)
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
cross join lateral aclexplode(a.attacl) as g
join pg_catalog.pg_roles r on r.oid = g.grantee and r.rolname = any (%(roles)s::text[])
where format('%%s.%%s', n.nspname, c.relname) = any (%(relations)s::text[])
  and g.grantor = (select m.oid from pg_catalog.pg_roles m where m.rolname = current_user)
order by 1, 3, 4, 2
