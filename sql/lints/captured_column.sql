-- In a subquery of a policy, the columns of the row are qualified with the name of their table.
-- level: error
-- `from participants p where p.conversation_id = conversation_id` compares the column with itself, because inside the
-- subquery the column of the inner table takes precedence; and `storage.foldername(name)` uses the name of any table in
-- the subquery that has one. Detects a column that is compared with itself, and a Storage path that is not taken from
-- an object. A captured column with another name (`p.conversation_id = id`) leaves a subquery without the row: see
-- subquery_without_row. Does not check functions.
with clauses as (
  select
    p.oid as policy, p.polrelid = objects.oid as is_storage,
    regexp_replace(pg_get_expr(clause.tree, p.polrelid), '''(?:[^'']|'''')*''', '''''', 'g') as expression
  from pg_catalog.pg_policy p
  cross join lateral (values (p.polqual), (p.polwithcheck)) as clause (tree)
  left join (
    pg_catalog.pg_class objects
    join pg_catalog.pg_namespace storage on storage.oid = objects.relnamespace and storage.nspname = 'storage'
  ) on objects.oid = p.polrelid and objects.relname = 'objects'
  where clause.tree is not null
),
captured as (
  select c.policy, itself.found[1] as name, 'compares %s with itself' as problem
  from clauses c
  cross join lateral regexp_matches(
    c.expression,
    '(?<![\w"$.])((?:"[^"]+"|\w+)\.(?:"[^"]+"|\w+))\)?(?:::[\w ]+)?'
      || ' (?:=|<>|IS (?:NOT )?DISTINCT FROM|~~\*?) \(?\1(?![\w"$.(])', 'g'
  ) as itself (found)
  union
  select c.policy, path.found[1], 'uses %s as the path of the object'
  from clauses c
  cross join lateral regexp_matches(
    c.expression, 'storage\.(?:foldername|filename|extension)\(\(?((?!objects\.)(?:"[^"]+"|\w+)\.(?:"[^"]+"|\w+))', 'g'
  ) as path (found)
  where c.is_storage
)
select
  format('%I on %I.%I', p.polname, n.nspname, t.relname) as object,
  string_agg(format(captured.problem, captured.name), '; ' order by captured.name) as problem,
  format(
    'to refer to the column of the row, write %I.%s', t.relname, min(regexp_replace(captured.name, '^.*\.', ''))
  ) as remedy
from captured
join pg_catalog.pg_policy p on p.oid = captured.policy
join pg_catalog.pg_class t on t.oid = p.polrelid
join pg_catalog.pg_namespace n on n.oid = t.relnamespace
group by p.oid, p.polname, n.nspname, t.relname
order by object
