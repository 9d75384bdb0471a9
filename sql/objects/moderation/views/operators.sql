-- The database roles that have privileges in schema moderation, other than its owner: what each of them lacks to work as
-- an operator, and what it has beyond that. Written by private.grant_operator and private.revoke_operator.
create or replace view moderation.operators as
with expected as (
  select 'schema moderation' as object, 'USAGE' as privilege
  union all
  select 'function ' || p.oid::regprocedure::text, 'EXECUTE'
  from pg_catalog.pg_proc p
  where p.pronamespace = 'moderation'::regnamespace
  union all
  select 'view ' || c.oid::regclass::text, 'SELECT'
  from pg_catalog.pg_class c
  where c.relnamespace = 'moderation'::regnamespace and c.relkind = 'v'
  union all
  values ('new functions', 'EXECUTE'), ('new views', 'SELECT')
),
acls as (
  select 'schema moderation' as object, n.nspowner as owner, n.nspacl as acl
  from pg_catalog.pg_namespace n
  where n.nspname = 'moderation'
  union all
  select 'function ' || p.oid::regprocedure::text, p.proowner, p.proacl
  from pg_catalog.pg_proc p
  where p.pronamespace = 'moderation'::regnamespace
  union all
  select case c.relkind when 'v' then 'view ' else 'table ' end || c.oid::regclass::text, c.relowner, c.relacl
  from pg_catalog.pg_class c
  where c.relnamespace = 'moderation'::regnamespace
  union all
  select case d.defaclobjtype when 'f' then 'new functions' when 'r' then 'new views' else 'new objects' end,
    d.defaclrole, d.defaclacl
  from pg_catalog.pg_default_acl d
  where d.defaclnamespace = 'moderation'::regnamespace
),
held as (
  select a.object, g.grantee, g.privilege_type as privilege, g.is_grantable
  from acls a
  cross join lateral aclexplode(a.acl) as g
  where g.grantee <> a.owner
)
select
  r.rolname::text as name,
  r.rolcanlogin as can_log_in,
  array(
    select format('%s on %s', e.privilege, e.object)
    from expected e
    where not exists (
      select from held h where h.grantee = r.oid and h.object = e.object and h.privilege = e.privilege
    )
    order by 1
  ) as missing,
  array(
    select format('%s on %s', h.privilege, h.object) || case when h.is_grantable then ' with grant option' else '' end
    from held h
    where h.grantee = r.oid
      and (h.is_grantable or not exists (
        select from expected e where e.object = h.object and e.privilege = h.privilege
      ))
    union all
    select 'member of ' || m.roleid::regrole::text from pg_catalog.pg_auth_members m where m.member = r.oid
    union all
    select a.name
    from (values
      (r.rolsuper, 'superuser'), (r.rolbypassrls, 'bypasses row-level security'), (r.rolcreaterole, 'creates roles'),
      (r.rolreplication, 'replication')
    ) as a (has, name)
    where a.has
    order by 1
  ) as surplus
from pg_catalog.pg_roles r
where exists (select from held h where h.grantee = r.oid);

revoke all on moderation.operators from public, anon, authenticated, service_role;
