-- The readable tables to which the current transaction has written rows; for a partition, its partitioned table.
-- `intervals` are the columns of type interval, which depend on the current time only together with a time column.
-- Run prepare.sql first.
select distinct w.name,
  array(
    select a.attname
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_type t on t.oid = a.atttypid
    where a.attrelid = coalesce(pg_partition_root(w.oid), w.oid) and a.attnum > 0 and not a.attisdropped
      and 'interval'::regtype in (t.oid, t.typbasetype)
    order by a.attnum
  ) as intervals
from chatctl_audit.watched w
where pg_stat_get_xact_tuples_inserted(w.oid) + pg_stat_get_xact_tuples_updated(w.oid) > 0
  and has_table_privilege(w.oid, 'select')
order by w.name
