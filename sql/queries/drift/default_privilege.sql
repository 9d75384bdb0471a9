-- Default privileges on new objects of the migrating role, per schema and global (where PostgreSQL's own default grants
-- functions and types to PUBLIC). Without those that Supabase sets, see platform.sql, and those that `chatctl operator
-- grant` sets for login roles.
--   schemas, managed_schemas  oid[]
--   administrators            oid[]
--   owner                     oid
--   version                   integer  the older major version of the two databases
with kinds (code, acl_code, name) as (
  values ('r', 'r', 'tables'), ('S', 's', 'sequences'), ('f', 'f', 'functions'), ('T', 'T', 'types'), ('n', 'n', 'schemas')
),
defaults as (
  select d.oid, k.name, null as schema, coalesce(d.defaclacl, acldefault(k.acl_code::"char", %(owner)s::oid)) as acl
  from kinds k
  left join pg_catalog.pg_default_acl d
    on d.defaclrole = %(owner)s::oid and d.defaclnamespace = 0 and d.defaclobjtype = k.code::"char"
  union all
  select d.oid, k.name, d.defaclnamespace::regnamespace::text, d.defaclacl
  from kinds k
  join pg_catalog.pg_default_acl d on d.defaclrole = %(owner)s::oid and d.defaclobjtype = k.code::"char"
  where d.defaclnamespace = any (%(schemas)s::oid[] || %(managed_schemas)s::oid[])
)
select
  'on ' || d.name || coalesce(' in schema ' || d.schema, '') || ' to '
    || case g.grantee when 0 then 'public' else g.grantee::regrole::text end as name,
  array_remove(array['schema ' || d.schema], null) as parents,
  string_agg(
    distinct lower(g.privilege_type) || case when g.is_grantable then ' with grant option' else '' end, ', '
  ) as definition
from defaults d
cross join lateral aclexplode(d.acl) as g
where g.grantee <> all (%(administrators)s::oid[])
  and format('%%s %%s', d.oid, g.grantee) not in (select unnest(string_to_array(current_setting('chatctl.platform_defaults'), ',')))
  and (g.privilege_type <> 'MAINTAIN' or %(version)s::integer >= 17)
  and not (
    d.schema = 'moderation'
    and not g.is_grantable
    and (d.name, g.privilege_type) in (('functions', 'EXECUTE'), ('tables', 'SELECT'))
    and exists (
      select from pg_catalog.pg_roles r where r.oid = g.grantee and r.rolcanlogin and r.rolname <> 'authenticator'
    )
  )
group by d.name, d.schema, g.grantee
order by name
