-- A policy gets the visible rows once, as a set, and does not call a function for every row.
-- level: warning
-- `conversation_id in (select my_conversations())` needs one call and an index; `is_participant(conversation_id)` needs
-- a call for every row in the table, even inside a `select`. Reports functions that PostgreSQL cannot inline (PL/pgSQL,
-- SECURITY DEFINER or with their own settings) and that are not immutable, if a column of the row is among their
-- arguments and the policy is not only for insert. Requires an empty search_path, as chatctl sets it.
with asked as (
  select
    p.oid as policy, p.polrelid, f.oid as function, quote_ident(n.nspname) || '.' || quote_ident(f.proname) as name,
    regexp_replace(pg_get_expr(p.polqual, p.polrelid), '''(?:[^'']|'''')*''', '''''', 'g') as condition
  from pg_catalog.pg_policy p
  join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_policy'::regclass and d.objid = p.oid
  join pg_catalog.pg_proc f on d.refclassid = 'pg_catalog.pg_proc'::regclass and f.oid = d.refobjid
  join pg_catalog.pg_namespace n on n.oid = f.pronamespace
  join pg_catalog.pg_language l on l.oid = f.prolang
  where p.polqual is not null and f.pronargs > 0 and f.provolatile <> 'i'
    and (l.lanname <> 'sql' or f.prosecdef or f.proconfig is not null)
    -- Skip Supabase's functions such as storage.foldername(), whose declarations we cannot change and which need a row.
    and f.oid not in (select unnest(string_to_array(coalesce(current_setting('chatctl.platform_functions', true), ''), ',')::oid[]))
),
calls as (
  select a.policy, a.polrelid, a.name, match.found[1] as arguments
  from asked a
  cross join lateral regexp_matches(
    a.condition,
    '(?:^|(?<=[^\w".]))' || regexp_replace(a.name, '([^\w])', '\\\1', 'g')
    || '\(((?:[^()]|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))*)\)', 'g'
  ) as match (found)
),
columns as (
  select calls.policy, calls.name, string_agg(distinct quote_ident(a.attname), ', ') as of_row
  from calls
  join pg_catalog.pg_class c on c.oid = calls.polrelid
  join pg_catalog.pg_attribute a
    on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    and calls.arguments ~ (
      -- A column of the row is unqualified or, in a subquery, follows the name of the table.
      '(?:^|[^\w".])(?:' || regexp_replace(quote_ident(c.relname), '([^\w])', '\\\1', 'g') || '\.)?'
      || regexp_replace(quote_ident(a.attname), '([^\w])', '\\\1', 'g') || '(?![\w"(.])'
    )
  group by calls.policy, calls.name
)
select
  format('%I on %I.%I', p.polname, n.nspname, c.relname) as object,
  'called for every row: ' || string_agg(format('%s(%s)', columns.name, columns.of_row), '; ' order by columns.name) as problem,
  format(
    'get the visible rows as a set: (%s) in (select …), or exists over a view of the rows of the caller',
    min(columns.of_row)
  ) as remedy
from columns
join pg_catalog.pg_policy p on p.oid = columns.policy
join pg_catalog.pg_class c on c.oid = p.polrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
group by p.oid, p.polname, n.nspname, c.relname
order by object
