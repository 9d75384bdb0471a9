-- Tables without row-level security that an API role or PUBLIC can read or write.
select c.oid::regclass::text as table_name
from pg_catalog.pg_class c
cross join lateral aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) as a
left join pg_catalog.pg_roles r on r.oid = a.grantee
where c.relkind in ('r', 'p')
  and not c.relrowsecurity
  and c.relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema', 'supabase_migrations')
  and (a.grantee = 0 or r.rolname in ('anon', 'authenticated'))
  and has_schema_privilege('authenticated', c.relnamespace, 'usage')
group by c.oid
order by 1;
