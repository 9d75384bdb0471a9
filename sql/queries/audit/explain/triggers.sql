-- The triggers that fire when rows of a table are written by a command.
--   relation  text  schema.table
--   command   text  insert, update, delete, truncate
select
  t.tgname::text as name,
  case when (t.tgtype & 2) <> 0 then 'before' when (t.tgtype & 64) <> 0 then 'instead of' else 'after' end as fires,
  format('%%s.%%s(%%s)', n.nspname, f.proname, oidvectortypes(f.proargtypes)) as function
from pg_catalog.pg_trigger t
join pg_catalog.pg_proc f on f.oid = t.tgfoid
join pg_catalog.pg_namespace n on n.oid = f.pronamespace
where t.tgrelid = to_regclass(%(relation)s::text)
  and not t.tgisinternal
  and t.tgenabled <> 'D'
  and (t.tgtype & case %(command)s::text when 'insert' then 4 when 'delete' then 8 when 'update' then 16 else 32 end) <> 0
order by fires desc, name
