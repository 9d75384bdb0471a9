-- A published table uses its primary key as replica identity.
-- level: error
-- A deletion is sent to every subscriber, regardless of policies; with `full`, it includes all columns of the row.
-- Without any replica identity, updates and deletes on the table fail.
select
  format('%I.%I', n.nspname, c.relname) as object,
  format(
    case
      when c.relreplident = 'f' then 'every subscriber of %s receives all columns of a deleted row'
      else 'without a replica identity, updates and deletes fail because of %s'
    end,
    string_agg(quote_ident(published.pubname), ' and ' order by published.pubname)
  ) as problem,
  case
    when c.oid in (select unnest(string_to_array(coalesce(current_setting('chatctl.platform_relations', true), ''), ',')::oid[]))
      then string_agg(format('alter publication %I drop table %I.%I', p.pubname, n.nspname, c.relname), '; ' order by p.pubname)
    when c.relreplident <> 'd' then format('alter table %I.%I replica identity default', n.nspname, c.relname)
    else 'add a primary key'
  end as remedy
from pg_catalog.pg_publication_tables published
join pg_catalog.pg_publication p on p.pubname = published.pubname and (p.pubupdate or p.pubdelete)
join pg_catalog.pg_namespace n on n.nspname = published.schemaname
join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = published.tablename
where (
    c.relreplident in ('f', 'n')
    or c.relreplident = 'd' and not exists (
      select from pg_catalog.pg_index i where i.indrelid = c.oid and i.indisprimary and i.indisvalid
    )
  )
  and n.nspname !~ '^(pg_.*|information_schema)$'
  and p.oid not in (select unnest(string_to_array(coalesce(current_setting('chatctl.platform_publications', true), ''), ',')::oid[]))
group by n.nspname, c.relname, c.oid, c.relreplident
order by object
