-- The published tables, and whether more than the key of a deleted row is sent. Without Supabase's own publications,
-- see platform.sql.
select t.pubname as publication, format('%s.%s', t.schemaname, t.tablename) as relation,
  c.relreplident = 'd' as key_only, c.relrowsecurity as row_security
from pg_catalog.pg_publication_tables t
join pg_catalog.pg_class c on c.oid = format('%I.%I', t.schemaname, t.tablename)::regclass
where t.pubname not in (
  select p.pubname from pg_catalog.pg_publication p
  where p.oid in (select unnest(string_to_array(current_setting('chatctl.platform_publications'), ',')::oid[]))
)
order by publication, relation
