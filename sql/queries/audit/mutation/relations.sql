-- The tables and views of the schemas, with the details that mutants need.
--   schemas  text[]
--   roles    text[]  of the API; readers are those that may read any column
-- principals are the uuid columns that refer to a user: those that lead to auth.users by one or more foreign keys,
-- and, in a view, which has no foreign keys, the columns with the name of such a column.
with recursive users (relation, attribute) as (
  select a.attrelid, a.attnum
  from pg_catalog.pg_attribute a
  where a.attrelid = to_regclass('auth.users') and a.attname = 'id'
  union
  select c.conrelid, k.column_number
  from users u
  join pg_catalog.pg_constraint c on c.confrelid = u.relation and c.contype = 'f'
  cross join lateral unnest(c.conkey, c.confkey) as k (column_number, referred)
  where k.referred = u.attribute
),
names (name) as (
  select distinct a.attname
  from users u
  join pg_catalog.pg_attribute a on a.attrelid = u.relation and a.attnum = u.attribute
  where a.attname <> 'id'
)
select
  format('%%s.%%s', n.nspname, c.relname) as relation,
  c.relkind::text as kind,
  c.relowner = (select r.oid from pg_catalog.pg_roles r where r.rolname = current_user) as owned,
  c.relrowsecurity as row_security,
  c.relreplident = 'f' as sends_rows,
  coalesce(c.reloptions, '{}') as options,
  case when c.relkind = 'v' then pg_get_viewdef(c.oid) end as definition,
  array(
    select a.attname::text
    from pg_catalog.pg_attribute a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
    order by a.attnum
  ) as columns,
  array(
    select a.attname::text
    from pg_catalog.pg_attribute a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.atttypid = 'uuid'::regtype
      and (
        (a.attrelid, a.attnum) in (select u.relation, u.attribute from users u)
        or (c.relkind = 'v' and a.attname in (select k.name from names k))
      )
    order by a.attnum
  ) as principals,
  array(
    select r.rolname::text from pg_catalog.pg_roles r
    where r.rolname = any (%(roles)s::text[]) and has_any_column_privilege(r.oid, c.oid, 'select')
    order by 1
  ) as readers
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname = any (%(schemas)s::text[])
order by relation
