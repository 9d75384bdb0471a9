-- A column that a policy filters its table by has an index.
-- level: warning
-- Every statement of every user evaluates USING; without an index, it scans the whole table. The column must come first
-- in an index, or after columns that the same policy uses. Checks the columns of the policy's table in USING, except
-- boolean columns and columns that are compared only with constants (`status = 'open'`, `deleted_at is null`), based on
-- the text of the expression. Does not check functions, columns of other tables in a subquery, indexes on
-- expressions, or the size of the table.
with asked as (
  select
    p.oid, p.polname, p.polrelid, a.attnum, a.attname, a.atttypid,
    pg_get_expr(p.polqual, p.polrelid) as expression,
    array_agg(a.attnum) over (partition by p.oid) as together,
    -- The column in the expression: unqualified, or after the name of the table.
    format(
      '(?:^|(?<=[^\w."$]))(?:%s\.)?%s(?![\w"$])',
      regexp_replace(quote_ident(c.relname), '([^\w])', '\\\1', 'g'),
      regexp_replace(quote_ident(a.attname), '([^\w])', '\\\1', 'g')
    ) as column_pattern
  from pg_catalog.pg_policy p
  join pg_catalog.pg_class c on c.oid = p.polrelid
  join pg_catalog.pg_attribute a on a.attrelid = p.polrelid and a.attnum > 0
  where p.polqual is not null
    and exists (
      select from pg_catalog.pg_depend d
      where d.classid = 'pg_catalog.pg_policy'::regclass and d.objid = p.oid
        and d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = p.polrelid and d.refobjsubid = a.attnum
    )
)
select
  format('%I.%I.%I', n.nspname, c.relname, asked.attname) as object,
  'has no index, but policies filter by it: '
    || string_agg(quote_ident(asked.polname), ', ' order by asked.polname) as problem,
  format('create an index on %I.%I (%I)', n.nspname, c.relname, asked.attname) as remedy
from asked
join pg_catalog.pg_class c on c.oid = asked.polrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where asked.atttypid <> 'boolean'::regtype
  and regexp_replace(
    asked.expression,
    asked.column_pattern
      || '\)?(?:::[\w. "]+)? (?:IS (?:NOT )?NULL|(?:=|<>|<|>|<=|>=|~~) (?:''|-?\d|ANY \(ARRAY\[[''\d]))',
    '', 'g'
  ) ~ asked.column_pattern
  and not exists (
    select
    from pg_catalog.pg_index i
    cross join generate_series(0, i.indnkeyatts - 1) as key (position)
    where i.indrelid = asked.polrelid
      and i.indisvalid
      and i.indpred is null
      and i.indkey[key.position] = asked.attnum
      and (i.indkey::smallint[])[0:key.position] <@ asked.together
  )
  and n.nspname !~ '^(pg_.*|information_schema)$'
  and c.oid not in (select unnest(string_to_array(coalesce(current_setting('chatctl.platform_relations', true), ''), ',')::oid[]))
group by n.nspname, c.relname, asked.attname
order by object
