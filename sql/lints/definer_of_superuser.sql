-- A SECURITY DEFINER function that an API role can execute is not owned by a superuser.
-- level: warning
-- A flaw in the function gives the rights of its owner: files and programs on the server, and every database. The usual
-- owner `postgres` is not a superuser but bypasses row-level security, which such a function needs.
with api as (
  select r.oid
  from pg_catalog.pg_roles r
  where r.rolname = any (
    string_to_array(coalesce(nullif(current_setting('chatctl.api_roles', true), ''), 'anon,authenticated'), ',')
  )
)
select
  format('%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) as object,
  format('runs as %I, a superuser, for every caller', owner.rolname) as problem,
  'drop it (the owner of its schema can do so), and create it as a role that owns only the tables that it needs' as remedy
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
join pg_catalog.pg_roles owner on owner.oid = p.proowner
where p.prosecdef
  and owner.rolsuper
  and exists (select from api where has_function_privilege(api.oid, p.oid, 'execute'))
  and n.nspname !~ '^(pg_.*|information_schema)$'
  and p.oid not in (select unnest(string_to_array(coalesce(current_setting('chatctl.platform_functions', true), ''), ',')::oid[]))
order by object
