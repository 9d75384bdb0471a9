-- A SECURITY DEFINER function fixes its search_path, so that the caller cannot redirect its names.
-- level: error
-- Otherwise, the caller chooses the search path, and so decides which table, function or operator an unqualified name
-- refers to, with the rights of the owner. A path that contains schemas is also reported, because others may be able to
-- create objects there. With an empty path, PostgreSQL still finds types in pg_temp first: name pg_temp last if callers
-- have logins of their own. Accepted are `''`, `pg_temp` and `pg_catalog, pg_temp`.
select
  format('%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) as object,
  coalesce(
    'runs as its owner with ' || (select setting from unnest(p.proconfig) as s (setting) where setting like 'search_path=%'),
    'runs as its owner with the search path of its caller'
  ) as problem,
  'add `set search_path = ''''` and qualify the names in the function' as remedy
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where p.prosecdef
  and not coalesce(
    p.proconfig && array['search_path=', 'search_path=""', 'search_path=pg_catalog, pg_temp', 'search_path=pg_temp'], false
  )
  and n.nspname !~ '^(pg_.*|information_schema)$'
  and p.oid not in (select unnest(string_to_array(coalesce(current_setting('chatctl.platform_functions', true), ''), ',')::oid[]))
order by object
