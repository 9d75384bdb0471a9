-- A policy evaluates `(select auth.uid())` once per statement, not `auth.uid()` once per row.
-- level: warning
-- Checks functions without arguments that are not immutable, such as auth.uid(), auth.jwt() and our
-- private.current_user_id(), and current_setting('…'). For 100,000 rows, a query takes 10 ms with the `select` and 200
-- ms without. A `select` is evaluated once if it has no FROM and uses no column of the row. Does not detect functions
-- with arguments, or calls inside other functions. Requires an empty search_path, as chatctl sets it, so that function
-- names have their schema.
with recursive clauses as (
  select p.oid as policy, pg_get_expr(tree.expression, p.polrelid) as expression
  from pg_catalog.pg_policy p
  cross join lateral (values (p.polqual), (p.polwithcheck)) as tree (expression)
  where tree.expression is not null
),
callers as (
  select d.objid as policy, string_agg(
    regexp_replace(quote_ident(n.nspname) || '.' || quote_ident(f.proname), '([^\w])', '\\\1', 'g') || '(?=\(\))', '|'
  ) as names
  from pg_catalog.pg_depend d
  join pg_catalog.pg_proc f on f.oid = d.refobjid and f.pronargs = 0 and f.provolatile <> 'i'
  join pg_catalog.pg_namespace n on n.oid = f.pronamespace
  where d.classid = 'pg_catalog.pg_policy'::regclass and d.refclassid = 'pg_catalog.pg_proc'::regclass
  group by d.objid
),
-- Replace every call with @name@, and remove strings and casts, which can contain anything.
marked as (
  select c.policy, regexp_replace(
    regexp_replace(
      regexp_replace(
        c.expression,
        '(?:^|(?<=[^\w.]))(' || coalesce(f.names || '|', '') || 'current_setting(?=\(''))\([^()]*\)', '@\1@', 'g'
      ),
      '''(?:[^'']|'''')*''', '', 'g'
    ),
    '::(?:"[^"]+"|[\w.]+)+(?:\[\])?', '', 'g'
  ) as expression
  from clauses c
  left join callers f on f.policy = c.policy
),
-- From the inside out: remove subqueries that are evaluated once, and turn other parentheses into brackets.
steps as (
  select m.policy, m.expression from marked m
  union all
  select s.policy, regexp_replace(
    regexp_replace(
      s.expression,
      '\( SELECT(?=\s)(?![^()]*\n\s+FROM )(?![^()]*[\w"]\.[\w"]+[^\w"\[@])[^()]*\)', '', 'g'
    ),
    '\(([^()]*)\)', '[\1]', 'g'
  )
  from steps s
  where s.expression ~ '\([^()]*\)'
)
select
  format('%I on %I.%I', p.polname, n.nspname, c.relname) as object,
  'called for every row: ' || string_agg(distinct called.name || '()', ', ') as problem,
  'wrap the call: (select ' || min(called.name) || '())' as remedy
from steps s
cross join lateral (
  select match.found[1] as name from regexp_matches(s.expression, '@([^@]+)@', 'g') as match (found)
) as called
join pg_catalog.pg_policy p on p.oid = s.policy
join pg_catalog.pg_class c on c.oid = p.polrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where s.expression !~ '\([^()]*\)'
group by p.oid, p.polname, n.nspname, c.relname
order by object
