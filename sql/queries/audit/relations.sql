-- How the tables, views and sequences in schemas that the roles may use are protected.
-- of_platform: belongs to Supabase or an extension, see platform.sql; in_platform: in a schema of Supabase.
-- surplus: the privileges that neither Supabase nor the extension granted, as 'role privilege (column)'.
-- open: a table on which Supabase enables row-level security, but where it is disabled.
--   roles  text[]
with relations as (
  select c.*, n.nspname,
    n.oid in (select unnest(string_to_array(current_setting('chatctl.platform_schemas'), ',')::oid[])) as in_platform,
    c.oid in (select unnest(string_to_array(current_setting('chatctl.platform_relations'), ',')::oid[])) as of_platform
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
)
select
  format('%%s.%%s', c.nspname, c.relname) as relation,
  c.relkind::text as kind,
  c.relrowsecurity as row_security,
  coalesce('security_invoker=true' = any (c.reloptions) or 'security_invoker=on' = any (c.reloptions), false) as invoker,
  exists (
    select from pg_catalog.pg_policy p
    where p.polrelid = c.oid
      and p.oid not in (select unnest(string_to_array(current_setting('chatctl.platform_policies'), ',')::oid[]))
  ) as has_policies,
  c.in_platform,
  c.of_platform,
  c.oid in (select unnest(string_to_array(current_setting('chatctl.platform_unguarded'), ',')::oid[])) as open,
  array(
    select distinct concat_ws(' ', r.rolname, s.privilege, '(' || s.column || ')')
    from jsonb_to_recordset(current_setting('chatctl.platform_surplus')::jsonb)
      as s (class text, object oid, "column" text, grantee oid, privilege text)
    join pg_catalog.pg_roles r
      on r.rolname = any (%(roles)s::text[]) and has_schema_privilege(r.oid, c.relnamespace, 'usage')
      and case when s.grantee = 0 then true else pg_has_role(r.oid, s.grantee, 'usage') end
    where s.class = 'pg_class' and s.object = c.oid
    order by 1
  ) as surplus
from relations c
where exists (
  select from pg_catalog.pg_roles r
  where r.rolname = any (%(roles)s::text[]) and has_schema_privilege(r.oid, c.relnamespace, 'usage')
    and case
      when c.relkind = 'S' then has_sequence_privilege(r.oid, c.oid, 'usage, select, update')
      else has_any_column_privilege(r.oid, c.oid, 'select, insert, update, references')
        or has_table_privilege(
          r.oid, c.oid,
          'delete, truncate, trigger' || case when current_setting('server_version_num')::integer >= 170000 then ', maintain' else '' end
        )
    end
)
order by relation
