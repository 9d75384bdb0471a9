-- The tables, views and sequences on which a role has any privilege, with or without usage on their schemas. Objects of
-- Supabase and of extensions (see platform.sql) only if somebody else granted the privilege.
--   role  text
select format('%%s.%%s', n.nspname, c.relname) as relation
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
  and case
    when c.oid in (select unnest(string_to_array(current_setting('chatctl.platform_relations'), ',')::oid[])) then exists (
      select
      from jsonb_to_recordset(current_setting('chatctl.platform_surplus')::jsonb) as s (class text, object oid, grantee oid)
      where s.class = 'pg_class' and s.object = c.oid
        and case when s.grantee = 0 then true else pg_has_role(%(role)s::text, s.grantee, 'usage') end
    )
    when c.relkind = 'S' then has_sequence_privilege(%(role)s::text, c.oid, 'usage, select, update')
    when c.relkind in ('r', 'p', 'v', 'm', 'f') then
      has_table_privilege(%(role)s::text, c.oid, 'select, insert, update, delete, truncate, references, trigger')
      or has_any_column_privilege(%(role)s::text, c.oid, 'select, insert, update, references')
  end
order by relation
