-- A SECURITY DEFINER function that an API role can execute is not owned by a superuser.
-- level: warning
-- What goes wrong in it goes wrong with the rights of its owner: files and programs of the server, every database.
-- An owner past row-level security without being one is the usual `postgres`, and needed by such a function.
with api as (
  select r.oid
  from pg_catalog.pg_roles r
  where r.rolname = any (
    string_to_array(coalesce(nullif(current_setting('chatctl.api_roles', true), ''), 'anon,authenticated'), ',')
  )
)
select
  format('%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) as object,
  format('runs as %I, a superuser, for whoever calls', owner.rolname) as problem,
  'create it anew as a role that owns just the tables it needs; the owner of its schema may drop this one' as remedy
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
join pg_catalog.pg_roles owner on owner.oid = p.proowner
where p.prosecdef
  and owner.rolsuper
  and exists (select from api where has_function_privilege(api.oid, p.oid, 'execute'))
  and n.nspname !~ '^(pg_.*|information_schema)$'
  and p.oid not in (select unnest(string_to_array(coalesce(current_setting('chatctl.platform_functions', true), ''), ',')::oid[]))
order by object
