-- Tables and their properties; of Supabase's guarded tables, whether row-level security is enabled.
--   relations  oid[]
--   guarded    oid[]
--   owner      oid
select
  c.oid::regclass::text as name,
  -- Dropping the partitioned table drops the partition.
  array['schema ' || c.relnamespace::regnamespace::text] || array(
    select 'table ' || i.inhparent::regclass::text
    from pg_catalog.pg_inherits i
    where i.inhrelid = c.oid and c.relispartition
  ) as parents,
  concat_ws(E'\n',
    'owner: ' || case c.relowner when %(owner)s::oid then 'owner' else c.relowner::regrole::text end,
    case c.relpersistence when 'u' then 'unlogged' when 't' then 'temporary' end,
    'foreign table of server ' || (
      select quote_ident(s.srvname) || coalesce(' ' || f.ftoptions::text, '')
      from pg_catalog.pg_foreign_table f
      join pg_catalog.pg_foreign_server s on s.oid = f.ftserver
      where f.ftrelid = c.oid
    ),
    'access method: ' || (select a.amname from pg_catalog.pg_am a where a.oid = c.relam and a.amname <> 'heap'),
    'row-level security: ' || case when c.relrowsecurity then 'on' else 'off' end
      || case when c.relforcerowsecurity then ', forced on its owner' else '' end,
    'replica identity: ' || case c.relreplident
      when 'd' then 'default'
      when 'n' then 'nothing'
      when 'f' then 'full'
      else 'index ' || (
        select i.indexrelid::regclass::text
        from pg_catalog.pg_index i
        where i.indrelid = c.oid and i.indisreplident
      )
    end,
    'partitioned by ' || pg_get_partkeydef(c.oid),
    (
      select case when c.relispartition then 'partition of ' else 'inherits ' end
        || string_agg(i.inhparent::regclass::text, ', ' order by i.inhseqno)
        || coalesce(' ' || pg_get_expr(c.relpartbound, c.oid), '')
      from pg_catalog.pg_inherits i
      where i.inhrelid = c.oid
    ),
    'options: ' || (select string_agg(o.option, ', ' order by o.option) from unnest(c.reloptions) as o (option))
  ) as definition
from pg_catalog.pg_class c
where c.oid = any (%(relations)s::oid[]) and c.relkind in ('r', 'p', 'f')
union all
select
  c.oid::regclass::text,
  '{}',
  'row-level security: ' || case when c.relrowsecurity then 'on' else 'off' end
from pg_catalog.pg_class c
where c.oid = any (%(guarded)s::oid[])
order by name
