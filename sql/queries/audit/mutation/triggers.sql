-- The triggers of tables that call a function of the schemas.
--   relations  text[]  schema.table
--   schemas    text[]
select format('%%s.%%s', n.nspname, c.relname) as relation, t.tgname::text as name, pg_get_triggerdef(t.oid) as definition
from pg_catalog.pg_trigger t
join pg_catalog.pg_class c on c.oid = t.tgrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_proc p on p.oid = t.tgfoid
join pg_catalog.pg_namespace f on f.oid = p.pronamespace
where not t.tgisinternal and t.tgparentid = 0
  and format('%%s.%%s', n.nspname, c.relname) = any (%(relations)s::text[])
  and f.nspname = any (%(schemas)s::text[])
order by relation, name
