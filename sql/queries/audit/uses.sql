-- Which objects use which others: tables through policies, triggers, checks and foreign keys, views and functions
-- through the names in them. Function bodies are searched for qualified names only; unqualified uses are missing.
with relations as (
  select c.oid, format('%s.%s', n.nspname, c.relname) as name
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
),
functions as (
  select p.oid, format('%s.%s(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) as name,
    format('%s.%s', n.nspname, p.proname) as called, p.prosrc
  from pg_catalog.pg_proc p
  join pg_catalog.pg_namespace n on n.oid = p.pronamespace
  where p.prokind in ('f', 'p') and n.nspname not in ('information_schema', 'chatctl_audit', 'chatctl_names') and n.nspname !~ '^pg_'
),
parts as (
  select 'pg_catalog.pg_policy'::regclass as class, p.oid, p.polrelid as relation from pg_catalog.pg_policy p
  union all select 'pg_catalog.pg_rewrite'::regclass, r.oid, r.ev_class from pg_catalog.pg_rewrite r
  union all select 'pg_catalog.pg_trigger'::regclass, t.oid, t.tgrelid from pg_catalog.pg_trigger t
  union all
  select 'pg_catalog.pg_constraint'::regclass, k.oid, k.conrelid from pg_catalog.pg_constraint k where k.conrelid <> 0
)
select r.name as user, coalesce(other.name, f.name) as used
from parts
join relations r on r.oid = parts.relation
join pg_catalog.pg_depend d on d.classid = parts.class and d.objid = parts.oid
left join relations other on d.refclassid = 'pg_catalog.pg_class'::regclass and other.oid = d.refobjid
left join functions f on d.refclassid = 'pg_catalog.pg_proc'::regclass and f.oid = d.refobjid
where coalesce(other.name, f.name) <> r.name
union
select parent.name, child.name  -- a delete also deletes or changes these rows
from pg_catalog.pg_constraint k
join relations child on child.oid = k.conrelid
join relations parent on parent.oid = k.confrelid
where k.contype = 'f' and k.confdeltype in ('c', 'n', 'd') and child.oid <> parent.oid
union
select f.name, named.name
from functions f
join (select name, name as called from relations union all select name, called from functions) as named
  on named.name <> f.name and position(named.called in f.prosrc) > 0
order by 1, 2
