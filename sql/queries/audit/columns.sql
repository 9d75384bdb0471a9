-- The columns of a table, in order, that a client could write, each with the relkind of the table.
-- checks: the CHECK constraints that use the column. choices: values from its enum type or these constraints.
--   relation  text  schema.table
select
  a.attname as name,
  format_type(a.atttypid, a.atttypmod) as type,
  -- Nobody can write to an identity column that is GENERATED ALWAYS: 428C9, before privileges are checked.
  a.attgenerated <> '' or a.attidentity = 'a' as generated,
  exists (
    select from pg_catalog.pg_constraint c
    where c.conrelid = a.attrelid and c.contype = 'f' and a.attnum = any (c.conkey)
  ) as refers,
  checked.checks,
  case t.typcategory
    when 'E' then array(
      select e.enumlabel::text from pg_catalog.pg_enum e where e.enumtypid = t.oid order by e.enumsortorder
    )
    when 'S' then array(
      select distinct replace(shown.found[1], '''''', '''')
      from unnest(checked.checks) as c (expression)
      cross join lateral regexp_matches(c.expression, '''((?:[^'']|'''')*)''', 'g') as shown (found)
      order by 1
    )
    when 'N' then array(
      select distinct shown.found[1]
      from unnest(checked.checks) as c (expression)
      cross join lateral regexp_matches(c.expression, '\m\d+(?:\.\d+)?\M', 'g') as shown (found)
      order by 1
    )
    else '{}'
  end as choices,
  (
    select format('%%s.%%s', n.nspname, other.relname)
    from pg_catalog.pg_constraint c
    join pg_catalog.pg_class other on other.oid = c.confrelid
    join pg_catalog.pg_namespace n on n.oid = other.relnamespace
    where c.conrelid = a.attrelid and c.contype = 'f' and c.conkey = array[a.attnum]
    order by c.conname limit 1
  ) as target,
  exists (
    select from pg_catalog.pg_index i
    where i.indrelid = a.attrelid and i.indisunique and a.attnum = any (i.indkey::smallint[])
  ) as is_unique,
  r.relkind::text as kind
from pg_catalog.pg_attribute a
join pg_catalog.pg_class r on r.oid = a.attrelid
join pg_catalog.pg_type t on t.oid = a.atttypid
cross join lateral (
  select array(
    select pg_get_expr(c.conbin, c.conrelid)
    from pg_catalog.pg_constraint c
    where c.conrelid = a.attrelid and c.contype = 'c' and a.attnum = any (c.conkey)
    order by c.conname
  ) as checks
) as checked
where a.attrelid = to_regclass(%(relation)s::text) and a.attnum > 0 and not a.attisdropped
order by a.attnum
