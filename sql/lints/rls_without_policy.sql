-- Every privilege on a table with row-level security has a policy that makes it usable.
-- level: warning
-- Without a policy, queries return no rows and writes fail, which looks like a bug elsewhere; and the first policy that
-- is added for another role or command may give more access than intended. A table without privileges and policies is
-- closed intentionally and not reported. Checked for each role and command; restrictive policies alone give no access.
with api as (
  select r.oid, r.rolname
  from pg_catalog.pg_roles r
  where r.rolname = any (
    string_to_array(coalesce(nullif(current_setting('chatctl.api_roles', true), ''), 'anon,authenticated'), ',')
  )
)
select
  format('%I.%I', n.nspname, c.relname) as object,
  'no policy allows the use of privileges of ' || string_agg(
    format('%s (%s)', held.roles, held.privileges), '; ' order by held.roles
  ) as problem,
  'revoke the privileges that are not needed, or create policies for them' as remedy
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
cross join lateral (
  select string_agg(each.role, ' and ' order by each.role) as roles, each.privileges
  from (
    select api.rolname as role, string_agg(p.privilege, ', ' order by p.position) as privileges
    from api
    cross join unnest(
      array['select', 'insert', 'update', 'delete'], array['r', 'a', 'w', 'd']
    ) with ordinality as p (privilege, command, position)
    where case
        when p.privilege = 'delete' then has_table_privilege(api.oid, c.oid, p.privilege)
        else has_any_column_privilege(api.oid, c.oid, p.privilege)
      end
      and not exists (
        select
        from pg_catalog.pg_policy policy
        cross join unnest(policy.polroles) as named (role)
        where policy.polrelid = c.oid
          and policy.polpermissive
          and policy.polcmd in (p.command, '*')
          and case when named.role = 0 then true else pg_has_role(api.oid, named.role, 'usage') end
      )
    group by api.rolname
  ) as each
  group by each.privileges
) as held
where c.relkind in ('r', 'p')
  and c.relrowsecurity
  and n.nspname !~ '^(pg_.*|information_schema)$'
  and c.oid not in (select unnest(string_to_array(coalesce(current_setting('chatctl.platform_relations', true), ''), ',')::oid[]))
group by n.nspname, c.relname
order by object
