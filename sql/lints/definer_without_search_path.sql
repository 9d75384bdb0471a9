-- A SECURITY DEFINER function has `set search_path = ''`, so that the caller cannot redirect its names.
-- level: error
-- Whoever calls it chooses the search path otherwise, and with it which table, function or operator an unqualified
-- name means, with the rights of the owner. A path that names schemas is refused as well: somebody may create there.
select
  format('%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) as object,
  coalesce(
    'runs as its owner with ' || (select setting from unnest(p.proconfig) as s (setting) where setting like 'search_path=%'),
    'runs as its owner with the search path of its caller'
  ) as problem,
  'add `set search_path = ''''` and qualify the names in it' as remedy
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where p.prosecdef
  and not coalesce(p.proconfig && array['search_path=', 'search_path=""'], false)
  and n.nspname !~ '^(pg_.*|information_schema)$'
  and p.oid not in (select unnest(string_to_array(coalesce(current_setting('chatctl.platform_functions', true), ''), ',')::oid[]))
order by object
