-- How functions run, and which of the roles may call them.
--   names  text[]  schema.function(types)
--   roles  text[]
select
  format('%%s.%%s(%%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) as name,
  p.prosecdef as definer,
  pg_get_userbyid(p.proowner)::text as owner,
  array(
    select r.rolname::text from pg_catalog.pg_roles r
    where r.rolname = any (%(roles)s::text[]) and has_function_privilege(r.oid, p.oid, 'execute')
    order by r.rolname
  ) as callers
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where format('%%s.%%s(%%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) = any (%(names)s::text[])
order by name
