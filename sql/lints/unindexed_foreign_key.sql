-- A foreign key has an index on its own columns, which deletes and updates of the referenced row need.
-- level: warning
-- Without an index, every such delete scans the whole referencing table, once for each row, while holding a lock. The
-- columns must come first in the index, in any order. A partial index counts if it excludes only nulls, because null
-- values do not refer to a row.
select
  format('%I on %I.%I', k.conname, n.nspname, c.relname) as object,
  format('no index begins with (%s): a delete in %s scans the whole table', names.quoted, k.confrelid::regclass) as problem,
  format('create an index on %I.%I (%s)', n.nspname, c.relname, names.quoted) as remedy
from pg_catalog.pg_constraint k
join pg_catalog.pg_class c on c.oid = k.conrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
cross join lateral (
  select
    string_agg(quote_ident(a.attname), ', ' order by key.position) as quoted,
    array_agg(format('(%I IS NOT NULL)', a.attname)) as not_null
  from unnest(k.conkey) with ordinality as key (attnum, position)
  join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = key.attnum
) as names
where k.contype = 'f'
  and k.conparentid = 0
  and not exists (
    select
    from pg_catalog.pg_index i
    join pg_catalog.pg_class index on index.oid = i.indexrelid
    join pg_catalog.pg_am method on method.oid = index.relam
    where i.indrelid = k.conrelid
      and i.indisvalid
      and method.amname in ('btree', 'hash')
      and cardinality(k.conkey) <= i.indnkeyatts
      -- The subscripts of an int2vector begin at 0.
      and (i.indkey::smallint[])[0:cardinality(k.conkey) - 1] @> k.conkey
      and (i.indpred is null or pg_get_expr(i.indpred, i.indrelid) = any (names.not_null))
  )
  and n.nspname !~ '^(pg_.*|information_schema)$'
  and c.oid not in (select unnest(string_to_array(coalesce(current_setting('chatctl.platform_relations', true), ''), ',')::oid[]))
order by object
