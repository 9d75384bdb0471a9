-- The API roles and the role that signs in for them are subject to row-level security.
-- level: error
-- Policies do not apply to superusers, to roles with BYPASSRLS or to the owner of a table, and with `set role` in a
-- SECURITY INVOKER function an API role can become any role of which it is a member, including pg_… roles. For
-- authenticator, identified by name, only its attributes and inherited roles are checked, because its purpose is to
-- become other roles. Ownership of temporary tables is ignored.
with api as (
  select r.oid, r.rolname, r.rolsuper, case when r.rolname = 'authenticator' then 'usage' else 'member' end as how
  from pg_catalog.pg_roles r
  where r.rolname = 'authenticator' or r.rolname = any (
    string_to_array(coalesce(nullif(current_setting('chatctl.api_roles', true), ''), 'anon,authenticated'), ',')
  )
),
powers as (
  select
    api.rolname, other.oid <> api.oid as by_membership, other.rolname as through, power.name,
    case
      when other.oid = api.oid then power.remedy
      when exists (select from pg_catalog.pg_auth_members m where (m.roleid, m.member) = (other.oid, api.oid)) then format(
        '%srevoke %I from %I',
        case when not pg_has_role(other.oid, 'member with admin option') then 'as a superuser, ' end,
        other.rolname, api.rolname
      )
    end as remedy
  from api
  join pg_catalog.pg_roles other
    on other.oid = api.oid or (not api.rolsuper and pg_has_role(api.oid, other.oid, api.how))
  cross join lateral (
    values
      (other.rolsuper, 'is a superuser', 'as a superuser, alter role … nosuperuser'),
      (other.rolbypassrls, 'bypasses row-level security', 'as a superuser, alter role … nobypassrls'),
      (other.rolcreaterole, 'can create roles', 'as a superuser, alter role … nocreaterole'),
      (other.rolname ~ '^pg_', 'is a predefined role of PostgreSQL', null),
      (
        exists (
          select from pg_catalog.pg_class c
          where c.relowner = other.oid and c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relpersistence <> 't'
        ),
        'owns tables',
        'transfer its tables to another role'
      )
  ) as power (is_so, name, remedy)
  where power.is_so
)
select
  quote_ident(p.rolname) as object,
  string_agg(
    case when p.by_membership then format('is a member of %I, which %s', p.through, p.name) else p.name end, ', '
    order by p.by_membership, p.through, p.name
  ) as problem,
  coalesce(string_agg(distinct p.remedy, '; '), 'revoke the memberships through which it has these rights') as remedy
from powers p
group by p.rolname
order by object
