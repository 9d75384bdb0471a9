-- A view that an API role can use has `security_invoker = true`, so that it runs with the caller's rights.
-- level: error
-- Otherwise, the view reads and writes its tables as its owner, and bypasses their row-level security. A materialized
-- view always shows what its owner could read. This rule cannot check whether the view itself restricts the rows for
-- each caller.
with api as (
  select r.oid, r.rolname
  from pg_catalog.pg_roles r
  where r.rolname = any (
    string_to_array(coalesce(nullif(current_setting('chatctl.api_roles', true), ''), 'anon,authenticated'), ',')
  )
)
select
  format('%I.%I', n.nspname, c.relname) as object,
  format(
    '%s can use it, and it %s', held.roles,
    case
      when c.relkind = 'm' then 'shows the rows that its owner could read'
      else 'reads its tables as its owner, without row-level security'
    end
  ) as problem,
  case
    when c.relkind = 'm' then format(
      'revoke all on %I.%I from %s', n.nspname, c.relname,
      concat_ws(', ', 'public', (select string_agg(quote_ident(api.rolname), ', ' order by api.rolname) from api))
    )
    else format('alter view %I.%I set (security_invoker = true)', n.nspname, c.relname)
  end as remedy
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
cross join lateral (
  select string_agg(api.rolname, ' and ' order by api.rolname) as roles
  from api
  where has_any_column_privilege(api.oid, c.oid, 'select, insert, update')
    or has_table_privilege(api.oid, c.oid, 'delete')
) as held
where c.relkind in ('v', 'm')
  and held.roles is not null
  and not exists (
    select
    from unnest(c.reloptions) as o (option)
    where c.relkind = 'v' and o.option ~ '^security_invoker=(t|tr|tru|true|on|y|ye|yes|1)$'
  )
  and n.nspname !~ '^(pg_.*|information_schema)$'
  and c.oid not in (select unnest(string_to_array(coalesce(current_setting('chatctl.platform_relations', true), ''), ',')::oid[]))
order by object
