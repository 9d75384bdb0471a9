-- The database roles that have privileges in schema moderation, other than its owner: what each of them lacks to work as
-- an operator, what it has beyond that in the schema (surplus), and what else it has in the database (elsewhere), not
-- counting what PUBLIC has. Written by private.grant_operator and private.revoke_operator, which do not change elsewhere.
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
  select 'column ' || c.oid::regclass::text || '.' || quote_ident(a.attname), c.relowner, a.attacl
  from pg_catalog.pg_class c
  join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attacl is not null
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
    order by 1
  ) as surplus,
  array(
    select 'member of ' || m.roleid::regrole::text from pg_catalog.pg_auth_members m where m.member = r.oid
    union all
    select a.name
    from (values
      (r.rolsuper, 'superuser'), (r.rolbypassrls, 'bypasses row-level security'), (r.rolcreaterole, 'creates roles'),
      (r.rolreplication, 'replication'), (r.rolcreatedb, 'createdb')
    ) as a (has, name)
    where a.has
    union all
    select x.name
    -- PostgreSQL records here, by role, each object that a role owns or has privileges on.
    from pg_catalog.pg_shdepend d
    cross join lateral pg_identify_object(d.classid, d.objid, d.objsubid) as i
    cross join lateral (
      select case d.classid
        when 'pg_class'::regclass then i.identity
        when 'pg_database'::regclass then 'database'
        when 'pg_default_acl'::regclass then 'new objects ' || i.identity
        else i.type || ' ' || i.identity
      end as name
    ) as o
    cross join lateral (
      select 'owns ' || o.name as name
      where d.deptype = 'o' and d.classid <> 'pg_default_acl'::regclass
      union all
      select lower(g.privilege_type)
        || case d.classid when 'pg_parameter_acl'::regclass then ' ' || i.identity else ' on ' || o.name end
        || case when g.is_grantable then ' with grant option' else '' end
      from (
        select c.relacl as acl, c.relnamespace as namespace
        from pg_catalog.pg_class c
        where d.classid = 'pg_class'::regclass and c.oid = d.objid and d.objsubid = 0
        union all
        select a.attacl, c.relnamespace
        from pg_catalog.pg_class c
        join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = d.objsubid
        where d.classid = 'pg_class'::regclass and c.oid = d.objid and d.objsubid > 0
        union all
        select p.proacl, p.pronamespace
        from pg_catalog.pg_proc p
        where d.classid = 'pg_proc'::regclass and p.oid = d.objid
        union all
        select n.nspacl, n.oid
        from pg_catalog.pg_namespace n
        where d.classid = 'pg_namespace'::regclass and n.oid = d.objid
        union all
        select f.defaclacl, f.defaclnamespace
        from pg_catalog.pg_default_acl f
        where d.classid = 'pg_default_acl'::regclass and f.oid = d.objid
        union all
        select t.typacl, null from pg_catalog.pg_type t where d.classid = 'pg_type'::regclass and t.oid = d.objid
        union all
        select l.lanacl, null
        from pg_catalog.pg_language l
        where d.classid = 'pg_language'::regclass and l.oid = d.objid
        union all
        select s.srvacl, null
        from pg_catalog.pg_foreign_server s
        where d.classid = 'pg_foreign_server'::regclass and s.oid = d.objid
        union all
        select w.fdwacl, null
        from pg_catalog.pg_foreign_data_wrapper w
        where d.classid = 'pg_foreign_data_wrapper'::regclass and w.oid = d.objid
        union all
        select b.datacl, null
        from pg_catalog.pg_database b
        where d.classid = 'pg_database'::regclass and b.oid = d.objid
        union all
        select u.paracl, null
        from pg_catalog.pg_parameter_acl u
        where d.classid = 'pg_parameter_acl'::regclass and u.oid = d.objid
      ) as t
      cross join lateral aclexplode(t.acl) as g
      where d.deptype = 'a'
        and g.grantee = r.oid
        and t.namespace is distinct from 'moderation'::regnamespace
        -- Logging in needs CONNECT.
        and (d.classid <> 'pg_database'::regclass or g.privilege_type <> 'CONNECT')
    ) as x
    where d.refclassid = 'pg_authid'::regclass
      and d.refobjid = r.oid
      and (d.dbid = (select c.oid from pg_catalog.pg_database c where c.datname = current_database())
        or (d.dbid = 0 and (d.classid <> 'pg_database'::regclass or i.name = quote_ident(current_database()))))
      and i.identity !~ '^pg_temp'
    order by 1
  ) as elsewhere
from pg_catalog.pg_roles r
where exists (select from held h where h.grantee = r.oid);

revoke all on moderation.operators from public, anon, authenticated, service_role;
