-- The columns of a table, in order, as a client could name them in a write.
--   relation  text  schema.table
select
  a.attname as name,
  format_type(a.atttypid, a.atttypmod) as type,
  -- An identity that is always generated takes no value, whoever sends it: 428C9, before any right is asked for.
  a.attgenerated <> '' or a.attidentity = 'a' as generated,
  exists (
    select from pg_catalog.pg_constraint c
    where c.conrelid = a.attrelid and c.contype = 'f' and a.attnum = any (c.conkey)
  ) as refers
from pg_catalog.pg_attribute a
where a.attrelid = to_regclass(%(relation)s::text) and a.attnum > 0 and not a.attisdropped
order by a.attnum
