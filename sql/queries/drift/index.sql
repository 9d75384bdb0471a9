-- Indexes; not those of constraints, nor those of partitions.
--   relations  oid[]
select
  i.indexrelid::regclass::text as name,
  -- Its columns are parents, too: dropping any of them drops the index, without CASCADE.
  array[case c.relkind when 'm' then 'view ' else 'table ' end || c.oid::regclass::text] || array(
    select distinct 'column ' || c.oid::regclass::text || '.' || quote_ident(a.attname)
    from pg_catalog.pg_depend d
    join pg_catalog.pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
    where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = i.indexrelid
      and d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = c.oid and c.relkind <> 'm'
    order by 1
  ) as parents,
  pg_get_indexdef(i.indexrelid)
    || case when i.indisvalid and i.indisready then '' else E'\ninvalid: not used, and perhaps incomplete' end as definition
from pg_catalog.pg_index i
join pg_catalog.pg_class c on c.oid = i.indrelid
join pg_catalog.pg_class x on x.oid = i.indexrelid
where c.oid = any (%(relations)s::oid[])
  and not x.relispartition
  and not exists (
    select from pg_catalog.pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x')
  )
order by name
