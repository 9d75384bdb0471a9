-- Sequences; not those of identity columns, which are a property of the column.
--   relations  oid[]
--   owner      oid
select
  c.oid::regclass::text as name,
  array_remove(array['schema ' || c.relnamespace::regnamespace::text, 'column ' || serial.column_name], null) as parents,
  concat_ws(E'\n',
    'owner: ' || case c.relowner when %(owner)s::oid then 'owner' else c.relowner::regrole::text end,
    case c.relpersistence when 'u' then 'unlogged' end,
    concat_ws(' ',
      format_type(s.seqtypid, null), 'start', s.seqstart, 'increment', s.seqincrement,
      'from', s.seqmin, 'to', s.seqmax, 'cache', s.seqcache, case when s.seqcycle then 'cycle' end
    ),
    'owned by ' || serial.column_name
  ) as definition
from pg_catalog.pg_class c
join pg_catalog.pg_sequence s on s.seqrelid = c.oid
left join lateral (
  select a.attrelid::regclass::text || '.' || quote_ident(a.attname) as column_name, d.deptype
  from pg_catalog.pg_depend d
  join pg_catalog.pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
  where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid
    and d.refclassid = 'pg_catalog.pg_class'::regclass and d.deptype in ('a', 'i')
) serial on true
where c.oid = any (%(relations)s::oid[]) and serial.deptype is distinct from 'i'
order by name
