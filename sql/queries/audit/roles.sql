-- The roles of the API: whether row-level security applies to them, and which roles each may become.
--   roles  text[]
select
  r.rolname as name,
  r.rolsuper or r.rolbypassrls as unrestricted,
  array(
    select other.rolname::text from pg_catalog.pg_roles other
    where other.oid <> r.oid and not r.rolsuper and pg_has_role(r.oid, other.oid, 'member')
    order by other.rolname
  ) as becomes
from pg_catalog.pg_roles r
where r.rolname = any (%(roles)s::text[])
order by r.rolname
