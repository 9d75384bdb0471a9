-- A table or view exposed by the API has no rewrite rule.
-- level: warning
-- A rule rewrites a statement into others that run as the owner of the table and bypass row-level security; it handles
-- the statement and not its rows, and can evaluate arguments twice. A trigger can do the same and is easier to
-- understand.
with api as (
  select r.oid
  from pg_catalog.pg_roles r
  where r.rolname = any (
    string_to_array(coalesce(nullif(current_setting('chatctl.api_roles', true), ''), 'anon,authenticated'), ',')
  )
)
select
  format('%I on %I.%I', r.rulename, n.nspname, c.relname) as object,
  format(
    'rewrites %s into statements that run as the owner of the %s',
    case r.ev_type when '1' then 'select' when '2' then 'update' when '3' then 'insert' else 'delete' end,
    case c.relkind when 'v' then 'view' else 'table' end
  ) as problem,
  format('use a trigger instead, and drop rule %I on %I.%I', r.rulename, n.nspname, c.relname) as remedy
from pg_catalog.pg_rewrite r
join pg_catalog.pg_class c on c.oid = r.ev_class
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where r.rulename <> '_RETURN'
  and (
    n.nspname in ('public', 'graphql_public')
    or exists (
      select from api
      where has_any_column_privilege(api.oid, c.oid, 'select, insert, update')
        or has_table_privilege(api.oid, c.oid, 'delete')
    )
  )
  and n.nspname !~ '^(pg_.*|information_schema)$'
  and c.oid not in (select unnest(string_to_array(coalesce(current_setting('chatctl.platform_relations', true), ''), ',')::oid[]))
order by object
