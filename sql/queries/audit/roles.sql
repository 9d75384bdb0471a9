-- The roles of the API: whether row-level security applies to them, which roles each may become (except the memberships
-- that Supabase grants, see platform.sql), and their other rights.
-- `settings` are the name=value settings of the role; for a role that can log in, also those of the database.
--   roles  text[]
select
  r.rolname as name,
  r.rolsuper or r.rolbypassrls as unrestricted,
  r.rolcanlogin as logs_in,
  has_database_privilege(r.oid, current_database(), 'create') as makes_schemas,
  array(
    select other.rolname::text from pg_catalog.pg_roles other
    where other.oid <> r.oid and not r.rolsuper and pg_has_role(r.oid, other.oid, 'member')
      and format('%%s %%s', r.oid, other.oid) not in (select unnest(string_to_array(current_setting('chatctl.platform_members'), ',')))
    order by other.rolname
  ) as becomes,
  array(
    select distinct setting
    from pg_catalog.pg_db_role_setting s cross join unnest(s.setconfig) as each (setting)
    where (s.setrole = r.oid or (s.setrole = 0 and r.rolcanlogin))
      and s.setdatabase in (0, (select d.oid from pg_catalog.pg_database d where d.datname = current_database()))
    order by setting
  ) as settings,
  array(
    select p.parname from pg_catalog.pg_parameter_acl p
    where not r.rolsuper and has_parameter_privilege(r.oid, p.parname, 'set, alter system')
    order by p.parname
  ) as parameters
from pg_catalog.pg_roles r
where r.rolname = any (%(roles)s::text[])
order by r.rolname
