-- Privileges on objects in pg_catalog that the roles or PUBLIC got after the database was created.
--   roles  text[]
with own as (
  select 'pg_catalog.pg_class'::regclass as class, c.oid, c.relnamespace as namespace, c.relname::text as name, c.relacl as acl,
    acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner) as closed
  from pg_catalog.pg_class c
  union all
  select 'pg_catalog.pg_proc'::regclass, p.oid, p.pronamespace, format('%%s(%%s)', p.proname, oidvectortypes(p.proargtypes)), p.proacl,
    acldefault('f', p.proowner)
  from pg_catalog.pg_proc p
)
select format('%%s.%%s', n.nspname, own.name) as name, coalesce(r.rolname::text, 'PUBLIC') as role, lower(a.privilege_type) as privilege
from own
join pg_catalog.pg_namespace n on n.oid = own.namespace and n.nspname = 'pg_catalog'
left join pg_catalog.pg_init_privs i on (i.classoid, i.objoid, i.objsubid) = (own.class, own.oid, 0)
cross join lateral aclexplode(own.acl) as a
left join pg_catalog.pg_roles r on r.oid = a.grantee
where (a.grantee = 0 or r.rolname = any (%(roles)s::text[]))
  and not exists (
    select from aclexplode(coalesce(i.initprivs, own.closed)) as was
    where (was.grantee, was.privilege_type) = (a.grantee, a.privilege_type)
  )
order by 1, 2, 3
