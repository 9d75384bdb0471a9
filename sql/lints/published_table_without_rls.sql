-- A table that is published has row-level security.
-- Realtime asks the policies whom to send a change to; without row-level security it sends every change of the table to
-- every subscriber. Looked at are all publications, for which of them Realtime follows is its own setting.
select
  format('%I.%I', n.nspname, c.relname) as object,
  'every change goes to every subscriber of '
    || string_agg(quote_ident(published.pubname), ' and ' order by published.pubname) as problem,
  format('alter table %I.%I enable row level security', n.nspname, c.relname) as remedy
from pg_catalog.pg_publication_tables published
join pg_catalog.pg_namespace n on n.nspname = published.schemaname
join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = published.tablename
where not c.relrowsecurity
  and n.nspname !~ '^(pg_.*|information_schema|auth|storage|realtime|extensions|graphql|vault|net|cron|supabase_.*)$'
group by n.nspname, c.relname
order by object
