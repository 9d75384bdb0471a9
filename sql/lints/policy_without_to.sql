-- A policy names its roles with TO.
-- level: warning
-- Without `to`, the policy is for PUBLIC: also for anon, and for every role that is created later. It is also evaluated
-- for all of them, although naming a role would avoid that. Includes policies on the tables of Storage, Realtime and
-- Auth.
select
  format('%I on %I.%I', p.polname, n.nspname, c.relname) as object,
  'the policy applies to all roles, including anon' as problem,
  'name the roles: to authenticated' as remedy
from pg_catalog.pg_policy p
join pg_catalog.pg_class c on c.oid = p.polrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where p.polroles = '{0}'
  and p.oid not in (select unnest(string_to_array(coalesce(current_setting('chatctl.platform_policies', true), ''), ',')::oid[]))
order by object
