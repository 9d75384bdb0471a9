-- The columns by which rows that involve a user are looked up; in a large table, only indexed columns.
--   relation  text  schema.table
with size as (
  select coalesce(sum(pg_relation_size(part)), 0) <= 16 * 1024 * 1024 as is_small
  from (
    select to_regclass(%(relation)s::text)::oid union select relid from pg_partition_tree(to_regclass(%(relation)s::text))
  ) as parts (part)
)
select a.attname as name, a.atttypid = 'uuid'::regtype as is_id
from pg_catalog.pg_attribute a, size
where a.attrelid = to_regclass(%(relation)s::text) and a.attnum > 0 and not a.attisdropped
  and (
    (a.atttypid in ('uuid'::regtype, 'text'::regtype, 'character varying'::regtype) and size.is_small)
    or (a.atttypid = 'uuid'::regtype and exists (
      select from pg_catalog.pg_index i where i.indrelid = a.attrelid and i.indisvalid and i.indkey[0] = a.attnum
    ))
  )
order by a.attnum
