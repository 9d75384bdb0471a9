-- Privileges on schemas, tables, views, columns, sequences, functions and types: one row per object and grantee. Without
-- any grant or revoke, PostgreSQL's default applies, which grants functions and types to PUBLIC. Privileges of owners
-- and administrators are left out, and those that Supabase grants, see platform.sql, and those that `chatctl operator
-- grant` gives to login roles.
--   schemas, relations, functions, types, managed_schemas  oid[]
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
    -- The sequence of an identity column is not a separate object.
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
),
grants as (
  select t.name, t.parents, g.grantee, lower(g.privilege_type) as privilege, g.is_grantable
  from things t
  cross join lateral aclexplode(t.acl) as g
  where g.grantee <> t.owner
    -- Ignore privileges of Supabase's roles on schema public, which depend on the age of the project.
    and not (
      t.name = 'schema public'
      and g.grantee in (select unnest(string_to_array(current_setting('chatctl.platform_roles'), ',')::oid[]))
    )
  union all
  select
    case s.class
      when 'pg_namespace' then 'schema ' || s.object::regnamespace::text
      when 'pg_proc' then 'function ' || s.object::regprocedure::text
      else case
        when s.column is not null then 'column '
        when c.relkind in ('v', 'm') then 'view '
        when c.relkind = 'S' then 'sequence '
        else 'table '
      end || s.object::regclass::text || coalesce('.' || quote_ident(s.column), '')
    end,
    '{}', s.grantee, s.privilege, false
  from jsonb_to_recordset(current_setting('chatctl.platform_surplus')::jsonb)
    as s (class text, object oid, "column" text, grantee oid, privilege text)
  left join pg_catalog.pg_class c on s.class = 'pg_class' and c.oid = s.object
  left join pg_catalog.pg_proc p on s.class = 'pg_proc' and p.oid = s.object
  -- Only Supabase's schemas, not objects of extensions in others.
  where coalesce(c.relnamespace, p.pronamespace, s.object) = any (%(managed_schemas)s::oid[])
)
select
  'on ' || g.name || ' to ' || case g.grantee when 0 then 'public' else g.grantee::regrole::text end as name,
  g.parents,
  string_agg(distinct g.privilege || case when g.is_grantable then ' with grant option' else '' end, ', ') as definition
from grants g
where g.grantee <> all (%(administrators)s::oid[])
  -- MAINTAIN exists since PostgreSQL 17, where ALL includes it; ignored if the other database is older.
  and (g.privilege <> 'maintain' or %(version)s::integer >= 17)
  and not (
    not g.is_grantable
    and (
      (g.name = 'schema moderation' and g.privilege = 'usage')
      or (starts_with(g.name, 'function moderation.') and g.privilege = 'execute')
      or (starts_with(g.name, 'view moderation.') and g.privilege = 'select')
    )
    and exists (
      select from pg_catalog.pg_roles r where r.oid = g.grantee and r.rolcanlogin and r.rolname <> 'authenticator'
    )
  )
group by g.name, g.parents, g.grantee
order by name
