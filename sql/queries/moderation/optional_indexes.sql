-- The optional indexes that exist, and whether each is complete: one that is being built, or whose build was interrupted, is
-- not used.
--   names  text[]
select c.relname as name, i.indisvalid and i.indisready as complete
from pg_catalog.pg_index i
join pg_catalog.pg_class c on c.oid = i.indexrelid
where i.indrelid = to_regclass('public.messages') and c.relname = any (%(names)s::text[])
order by c.relname;
