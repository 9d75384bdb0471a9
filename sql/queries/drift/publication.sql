-- Publications: the published operations, and whether they include all tables.
--   publications  oid[]
select
  quote_ident(p.pubname) as name,
  '{}'::text[] as parents,
  concat_ws(E'\n',
    'publish: ' || concat_ws(', ',
      case when p.pubinsert then 'insert' end, case when p.pubupdate then 'update' end,
      case when p.pubdelete then 'delete' end, case when p.pubtruncate then 'truncate' end
    ),
    case when p.puballtables then 'all tables' end,
    case when p.pubviaroot then 'via the partitioned table' end,
    -- A column since PostgreSQL 18.
    case when to_jsonb(p) ->> 'pubgencols' = 's' then 'with generated columns' end
  ) as definition
from pg_catalog.pg_publication p
where p.oid = any (%(publications)s::oid[])
order by name
