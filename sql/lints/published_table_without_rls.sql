-- A published table has row-level security.
-- level: error
-- Realtime uses the policies to decide who receives a change; without row-level security, it sends every change of the
-- table to every subscriber. Checks all publications, because Realtime's own configuration determines which of them it
-- uses.
select
  format('%I.%I', n.nspname, c.relname) as object,
  'every change is sent to every subscriber of '
    || string_agg(quote_ident(published.pubname), ' and ' order by published.pubname) as problem,
  case
    when c.oid in (select unnest(string_to_array(coalesce(current_setting('chatctl.platform_relations', true), ''), ',')::oid[]))
      then string_agg(format('alter publication %I drop table %I.%I', p.pubname, n.nspname, c.relname), '; ' order by p.pubname)
    else format('alter table %I.%I enable row level security', n.nspname, c.relname)
  end as remedy
from pg_catalog.pg_publication_tables published
join pg_catalog.pg_publication p on p.pubname = published.pubname
join pg_catalog.pg_namespace n on n.nspname = published.schemaname
join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = published.tablename
where not c.relrowsecurity
  and n.nspname !~ '^(pg_.*|information_schema)$'
  and p.oid not in (select unnest(string_to_array(coalesce(current_setting('chatctl.platform_publications', true), ''), ',')::oid[]))
group by n.nspname, c.relname, c.oid
order by object
