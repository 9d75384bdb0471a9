-- Default privileges give the API roles no access to new objects.
-- level: warning
-- `alter default privileges … grant` gives access to every new table and function before its author has thought about
-- it. Without such grants, a forgotten object is inaccessible; with them, it leaks. Reported by kind of object and
-- schema, for all creating roles. Ignores types, PostgreSQL's own default (EXECUTE for PUBLIC), and the default
-- privileges of Supabase's own roles for their own objects.
with api as (
  select r.oid, r.rolname::text as name
  from pg_catalog.pg_roles r
  where r.rolname = any (
    string_to_array(coalesce(nullif(current_setting('chatctl.api_roles', true), ''), 'anon,authenticated'), ',')
  )
  union all
  select 0, 'public'
)
select
  format('%s in %s', kind.name, coalesce(quote_ident(nullif(n.nspname, '')), 'every schema')) as object,
  format(
    'objects that %s creates are open to %s',
    string_agg(distinct creator.rolname::text, ' or '), string_agg(distinct api.name, ' and ')
  ) as problem,
  coalesce(
    'alter default privileges for role ' || string_agg(distinct quote_ident(creator.rolname), ', ') filter (
      where creator.oid not in (
        select unnest(string_to_array(coalesce(current_setting('chatctl.platform_roles', true), ''), ',')::oid[])
      )
    ) || format(
      '%s revoke all on %s from %s',
      ' in schema ' || quote_ident(nullif(n.nspname, '')), kind.name,
      string_agg(distinct case api.oid when 0 then 'public' else quote_ident(api.name) end, ', ')
    ),
    'only Supabase can revoke these default privileges: ask its support'
  ) as remedy
from pg_catalog.pg_default_acl d
cross join lateral aclexplode(d.defaclacl) as granted
join api on api.oid = granted.grantee
join pg_catalog.pg_roles creator on creator.oid = d.defaclrole
join (
  values ('r', 'tables'), ('S', 'sequences'), ('f', 'functions'), ('n', 'schemas'), ('L', 'large objects')
) as kind (code, name) on kind.code = d.defaclobjtype
join (
  select s.oid, s.nspname::text from pg_catalog.pg_namespace s
  union all
  select 0, ''
) as n on n.oid = d.defaclnamespace
-- Default privileges for all schemas include PostgreSQL's built-in defaults.
where not (n.oid = 0 and kind.code = 'f' and api.oid = 0)
  and format('%s %s', d.oid, granted.grantee) not in (
    select unnest(string_to_array(coalesce(current_setting('chatctl.platform_defaults', true), ''), ','))
  )
group by kind.name, n.nspname
order by object
