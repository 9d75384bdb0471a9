-- The content of publications: tables, with columns and row filter, and schemas. Includes Supabase's tables, because
-- publishing auth.users would send it to every subscriber.
--   publications  oid[]
select
  'table ' || t.prrelid::regclass::text || ' in ' || quote_ident(p.pubname) as name,
  array['publication ' || quote_ident(p.pubname), 'table ' || t.prrelid::regclass::text] as parents,
  concat_ws(E'\n',
    coalesce('columns: ' || (
      select string_agg(quote_ident(a.attname), ', ' order by a.attname)
      from pg_catalog.pg_attribute a
      where a.attrelid = t.prrelid and a.attnum = any (t.prattrs)
    ), 'all columns'),
    'where ' || pg_get_expr(t.prqual, t.prrelid)
  ) as definition
from pg_catalog.pg_publication_rel t
join pg_catalog.pg_publication p on p.oid = t.prpubid
where p.oid = any (%(publications)s::oid[])
union all
select
  'schema ' || s.pnnspid::regnamespace::text || ' in ' || quote_ident(p.pubname),
  array['publication ' || quote_ident(p.pubname), 'schema ' || s.pnnspid::regnamespace::text],
  'all its tables'
from pg_catalog.pg_publication_namespace s
join pg_catalog.pg_publication p on p.oid = s.pnpubid
where p.oid = any (%(publications)s::oid[])
order by name
