-- Views and materialized views: owner, options and query.
--   relations  oid[]
--   owner      oid
select
  c.oid::regclass::text as name,
  array['schema ' || c.relnamespace::regnamespace::text] as parents,
  concat_ws(E'\n',
    case c.relkind when 'm' then 'materialized' end,
    'owner: ' || case c.relowner when %(owner)s::oid then 'owner' else c.relowner::regrole::text end,
    'options: ' || (select string_agg(o.option, ', ' order by o.option) from unnest(c.reloptions) as o (option)),
    -- The query after this line: versions of PostgreSQL deparse it differently, see deparse_view.sql.
    'as',
    pg_get_viewdef(c.oid)
  ) as definition
from pg_catalog.pg_class c
where c.oid = any (%(relations)s::oid[]) and c.relkind in ('v', 'm')
order by name
