-- Invalid indexes left by a failed `concurrently`: the index to create, or the copies of a reindex.
--   relation  text   the table, or an index of it
--   name      text   of the index to create; null: none
select i.indexrelid::regclass::text as name, n.nspname, c.relname
from pg_catalog.pg_index i
join pg_catalog.pg_class c on c.oid = i.indexrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where not i.indisvalid
  and i.indrelid in (
    select coalesce(x.indrelid, to_regclass(%(relation)s::text))
    from (values (1)) as one
    left join pg_catalog.pg_index x on x.indexrelid = to_regclass(%(relation)s::text)
  )
  and (c.relname = (parse_ident(%(name)s::text)::name[])[1] or c.relname ~ '_cc(new|old)\d*$')
order by 1;
