-- The functions of the schemas, with the details that mutants need; without functions of extensions.
--   schemas    text[]
--   relations  text[]  schema.table; `used`: their policies, triggers, views, defaults or checks call the function
--   roles      text[]  of the API
with things as (
  select c.oid
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where format('%%s.%%s', n.nspname, c.relname) = any (%(relations)s::text[])
),
users (classid, objid) as (
  select 'pg_catalog.pg_policy'::regclass, p.oid from pg_catalog.pg_policy p join things t on t.oid = p.polrelid
  union all
  select 'pg_catalog.pg_trigger'::regclass, g.oid from pg_catalog.pg_trigger g join things t on t.oid = g.tgrelid
  union all
  select 'pg_catalog.pg_rewrite'::regclass, w.oid from pg_catalog.pg_rewrite w join things t on t.oid = w.ev_class
  union all
  select 'pg_catalog.pg_attrdef'::regclass, d.oid from pg_catalog.pg_attrdef d join things t on t.oid = d.adrelid
  union all
  select 'pg_catalog.pg_constraint'::regclass, k.oid from pg_catalog.pg_constraint k join things t on t.oid = k.conrelid
)
select
  p.oid,
  format('%%s.%%s(%%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) as signature,
  n.nspname::text as schema,
  p.proname::text as name,
  l.lanname::text as language,
  p.proowner = (select r.oid from pg_catalog.pg_roles r where r.rolname = current_user) as owned,
  p.prosecdef as definer,
  p.provolatile = 'i' as immutable,
  p.prokind = 'f' and p.prosqlbody is null as replaceable,
  p.prorettype = 'trigger'::regtype as trigger,
  exists (select from pg_catalog.pg_trigger t where t.tgfoid = p.oid and t.tgtype & 3 = 3) as before_row,
  array(
    select coalesce(p.proargnames[a.position], '')
    from unnest(p.proargtypes) with ordinality as a (type, position)
    where a.type = 'uuid'::regtype
    order by a.position
  ) as uuid_parameters,
  array(
    select distinct format('%%s.%%s', tn.nspname, tc.relname)
    from pg_catalog.pg_trigger t
    join pg_catalog.pg_class tc on tc.oid = t.tgrelid
    join pg_catalog.pg_namespace tn on tn.oid = tc.relnamespace
    where t.tgfoid = p.oid and t.tgtype & 1 = 1
    order by 1
  ) as tables,
  exists (
    select from pg_catalog.pg_depend d
    join users u on u.classid = d.classid and u.objid = d.objid
    where d.refclassid = 'pg_catalog.pg_proc'::regclass and d.refobjid = p.oid
  ) as used,
  p.prosrc as body,
  case when p.prokind in ('f', 'p') then pg_get_functiondef(p.oid) end as definition,
  array(
    select r.rolname::text from pg_catalog.pg_roles r
    where r.rolname = any (%(roles)s::text[]) and has_schema_privilege(r.oid, n.oid, 'usage')
    order by 1
  ) as reached_by,
  array(
    select r.rolname::text from pg_catalog.pg_roles r
    where r.rolname = any (%(roles)s::text[]) and has_function_privilege(r.oid, p.oid, 'execute')
    order by 1
  ) as callers,
  array(
    select r.rolname::text from aclexplode(p.proacl) as g
    join pg_catalog.pg_roles r on r.oid = g.grantee and r.rolname = any (%(roles)s::text[])
    order by 1
  ) as granted_to,
  p.proacl is null or exists (select from aclexplode(p.proacl) as g where g.grantee = 0) as to_public
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
join pg_catalog.pg_language l on l.oid = p.prolang
where n.nspname = any (%(schemas)s::text[])
  and not exists (
    select from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype in ('e', 'i')
  )
order by signature
