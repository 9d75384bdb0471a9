-- The tables, views and sequences that a role has any right to, whether it may enter their schemas or not; what an
-- extension brings is open to whom the extension says.
--   role  text
select format('%%s.%%s', n.nspname, c.relname) as relation
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
  and case
    when c.relkind = 'S' then has_sequence_privilege(%(role)s::text, c.oid, 'usage, select, update')
    when c.relkind in ('r', 'p', 'v', 'm', 'f') then
      has_table_privilege(%(role)s::text, c.oid, 'select, insert, update, delete, truncate, references, trigger')
      or has_any_column_privilege(%(role)s::text, c.oid, 'select, insert, update, references')
  end
  and not exists (
    select from pg_catalog.pg_depend d
    where (d.classid, d.objid, d.deptype) = ('pg_catalog.pg_class'::regclass, c.oid, 'e')
  )
order by relation
