-- The functions that one of the roles may call, in schemas that it may enter; what only triggers call is left out.
--   roles  text[]
select
  n.nspname as schema,
  format('%%s.%%s(%%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) as signature,
  p.prosecdef as definer,
  coalesce('search_path=""' = any (p.proconfig) or 'search_path=' = any (p.proconfig), false) as closed_path,
  array_agg(r.rolname::text order by r.rolname) as roles,
  bool_or(coalesce(p.proacl is null or '=X' = any (array(select left(item::text, 2) from unnest(p.proacl) as item)), false)) as to_public
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
join pg_catalog.pg_roles r on r.rolname = any (%(roles)s::text[])
where has_schema_privilege(r.oid, n.oid, 'usage')
  and has_function_privilege(r.oid, p.oid, 'execute')
  and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
  and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
group by n.nspname, p.oid, p.proname, p.proargtypes, p.prosecdef, p.proconfig
order by signature
