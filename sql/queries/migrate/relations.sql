-- Tables, views and indexes before a dry run, with filenode and size, except for the history tables.
select
  c.oid,
  coalesce(i.indrelid, c.oid)::regclass::text as table_name,
  pg_relation_filenode(c.oid) as filenode,
  pg_relation_size(c.oid) as bytes
from pg_catalog.pg_class c
left join pg_catalog.pg_index i on i.indexrelid = c.oid
where c.relkind in ('r', 'p', 'm', 'v', 'i')
  and c.relnamespace::regnamespace::text not in (
    'pg_catalog', 'information_schema', 'pg_toast', 'supabase_migrations'
  );
