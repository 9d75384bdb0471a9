-- Who may do what with schemas, tables, views, columns, sequences, functions and types: a row per thing and grantee.
-- Where nothing was ever granted or revoked, PostgreSQL's own default holds, which opens functions and types to PUBLIC.
-- What owners and administrators have is left out.
--   schemas, relations, functions, types  oid[]
--   administrators  oid[]
--   version         integer  the older major version of the two databases
with things as (
  select
    'schema ' || n.oid::regnamespace::text as name,
    array['schema ' || n.oid::regnamespace::text] as parents,
    n.nspowner as owner,
    coalesce(n.nspacl, acldefault('n', n.nspowner)) as acl
  from pg_catalog.pg_namespace n
  where n.oid = any (%(schemas)s::oid[])
  union all
  select
    r.name,
    -- The sequence of an identity column is no thing of its own.
    coalesce(
      (
        select array['column ' || a.attrelid::regclass::text || '.' || quote_ident(a.attname)]
        from pg_catalog.pg_depend d
        join pg_catalog.pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
        where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid
          and d.refclassid = 'pg_catalog.pg_class'::regclass and d.deptype = 'i' and c.relkind = 'S'
      ),
      array[r.name]
    ),
    c.relowner,
    coalesce(c.relacl, acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner))
  from pg_catalog.pg_class c
  cross join lateral (
    select case when c.relkind in ('v', 'm') then 'view ' when c.relkind = 'S' then 'sequence ' else 'table ' end
      || c.oid::regclass::text as name
  ) r
  where c.oid = any (%(relations)s::oid[])
  union all
  select
    'column ' || c.oid::regclass::text || '.' || quote_ident(a.attname),
    array[
      case when c.relkind in ('v', 'm') then 'view ' || c.oid::regclass::text
      else 'column ' || c.oid::regclass::text || '.' || quote_ident(a.attname) end
    ],
    c.relowner,
    a.attacl
  from pg_catalog.pg_class c
  join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attacl is not null and not a.attisdropped
  where c.oid = any (%(relations)s::oid[])
  union all
  select
    'function ' || p.oid::regprocedure::text,
    array['function ' || p.oid::regprocedure::text],
    p.proowner,
    coalesce(p.proacl, acldefault('f', p.proowner))
  from pg_catalog.pg_proc p
  where p.oid = any (%(functions)s::oid[])
  union all
  select
    'type ' || t.oid::regtype::text,
    array['type ' || t.oid::regtype::text],
    t.typowner,
    coalesce(t.typacl, acldefault('T', t.typowner))
  from pg_catalog.pg_type t
  where t.oid = any (%(types)s::oid[])
)
select
  'on ' || t.name || ' to ' || case g.grantee when 0 then 'public' else g.grantee::regrole::text end as name,
  t.parents,
  string_agg(
    distinct lower(g.privilege_type) || case when g.is_grantable then ' with grant option' else '' end, ', '
  ) as definition
from things t
cross join lateral aclexplode(t.acl) as g
where g.grantee <> t.owner and g.grantee <> all (%(administrators)s::oid[])
  -- PostgreSQL 17 brought MAINTAIN, and "all" means it there; to an older database it is nothing.
  and (g.privilege_type <> 'MAINTAIN' or %(version)s::integer >= 17)
group by t.name, t.parents, g.grantee
order by name
