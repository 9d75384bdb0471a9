-- The tables that the transaction in progress has written rows to, as far as they can be read; a partitioned table by
-- its own name. `intervals` are the columns that hold one, which says nothing of now but with a time beside it.
-- After prepare.sql.
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
