-- The schemas that the roles may use or create objects in, with these roles. For Supabase's own schemas (see
-- platform.sql), only the roles to which Supabase itself does not grant usage.
--   roles  text[]
with reached as (
  select n.oid, n.nspname, r.oid as role, r.rolname::text,
    has_schema_privilege(r.oid, n.oid, 'create') as makes,
    has_schema_privilege(r.oid, n.oid, 'usage') and (
      n.oid not in (select unnest(string_to_array(current_setting('chatctl.platform_schemas'), ',')::oid[]))
      or exists (
        select
        from jsonb_to_recordset(current_setting('chatctl.platform_surplus')::jsonb)
          as s (class text, object oid, grantee oid, privilege text)
        where (s.class, s.object, s.privilege) = ('pg_namespace', n.oid, 'usage')
          and case when s.grantee = 0 then true else pg_has_role(r.oid, s.grantee, 'usage') end
      )
    ) as enters
  from pg_catalog.pg_namespace n
  join pg_catalog.pg_roles r on r.rolname = any (%(roles)s::text[])
  where n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
)
select nspname as name,
  array_agg(rolname order by rolname) filter (where enters) as enter,
  array_agg(rolname order by rolname) filter (where makes) as make
from reached
where enters or makes
group by nspname
order by name
