-- A table exposed by the API has row-level security; without it, a privilege on the table opens every row.
-- level: error
-- The API exposes all objects in its exposed schemas, and those on which one of its roles has any privilege, including
-- column privileges and privileges of PUBLIC. USAGE on the schema is not considered, because a single grant can add it.
-- A partition is a separate table; a foreign table cannot have row-level security, so it must not be accessible.
with api as (
  select r.oid, r.rolname
  from pg_catalog.pg_roles r
  where r.rolname = any (
    string_to_array(coalesce(nullif(current_setting('chatctl.api_roles', true), ''), 'anon,authenticated'), ',')
  )
)
select
  format('%I.%I', n.nspname, c.relname) as object,
  'row-level security is off, '
    || coalesce('and there are privileges of ' || held.privileges, 'in a schema that the API exposes') as problem,
  case
    when c.relkind = 'f' then format(
      'revoke all on %I.%I from %s', n.nspname, c.relname,
      concat_ws(', ', 'public', (select string_agg(quote_ident(api.rolname), ', ' order by api.rolname) from api))
    )
    else format('alter table %I.%I enable row level security', n.nspname, c.relname)
  end as remedy
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
cross join lateral (
  select string_agg(format('%s (%s)', same.roles, same.privileges), '; ' order by same.roles) as privileges
  from (
    select string_agg(each.role, ' and ' order by each.role) as roles, each.privileges
    from (
      select api.rolname as role, string_agg(p.privilege, ', ' order by p.position) as privileges
      from api
      cross join unnest(
        array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']
      ) with ordinality as p (privilege, position)
      where case
        when p.privilege in ('delete', 'truncate', 'trigger') then has_table_privilege(api.oid, c.oid, p.privilege)
        else has_any_column_privilege(api.oid, c.oid, p.privilege)
      end
      group by api.rolname
    ) as each
    group by each.privileges
  ) as same
) as held
where c.relkind in ('r', 'p', 'f')
  and not c.relrowsecurity
  and (n.nspname in ('public', 'graphql_public') or held.privileges is not null)
  and n.nspname !~ '^(pg_.*|information_schema)$'
  and c.oid not in (select unnest(string_to_array(coalesce(current_setting('chatctl.platform_relations', true), ''), ',')::oid[]))
order by object
