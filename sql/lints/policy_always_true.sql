-- A policy that refers to columns is not true for all their values.
-- level: error
-- `kind = 'a' or true`, `id is not null` for a primary key, `x is null or x is not null` and `author = auth.uid() or
-- auth.uid() is not null` give all rows to every signed-in user. Checks the text of the expression, simplified from the
-- inside out. Does not detect expressions that are always true because of arithmetic, the existing rows, or a function.
with recursive api as (
  select r.oid
  from pg_catalog.pg_roles r
  where r.rolname = any (
    string_to_array(coalesce(nullif(current_setting('chatctl.api_roles', true), ''), 'anon,authenticated'), ',')
  )
),
clauses as (
  select
    p.oid as policy, clause.name, pg_get_expr(clause.tree, p.polrelid) as expression,
    (
      select string_agg(regexp_replace(quote_ident(a.attname), '([^\w])', '\\\1', 'g'), '|')
      from pg_catalog.pg_attribute a
      where a.attrelid = p.polrelid and a.attnum > 0 and a.attnotnull
    ) as never_null
  from pg_catalog.pg_policy p
  cross join lateral (values ('using', p.polqual), ('with check', p.polwithcheck)) as clause (name, tree)
  where p.polpermissive
    and clause.tree::text ~ '\{VAR '
    and exists (
      select from api cross join unnest(p.polroles) as named (role)
      where case when named.role = 0 then true else pg_has_role(api.oid, named.role, 'usage') end
    )
),
-- Mark calls without arguments with `@`, and empty strings, because they can contain anything.
marked as (
  select c.policy, c.name, regexp_replace(
    regexp_replace(
      regexp_replace(
        regexp_replace(c.expression, '([\w."]+)\(\)', '@\1', 'g'),
        '\( SELECT (@[^\s()]+) AS [^()]*\)', '\1', 'g'
      ),
      '\(@auth\.role = ''authenticated''::text\)', 'true', 'g'
    ),
    '''(?:[^'']|'''')*''', '''''', 'g'
  ) as expression,
  -- True expressions in parentheses: equal to itself; never null; a list of true ones; or OR with a true branch.
  '(?<![\w"])\((?:([^\s''()]+) = \1|(?:@[\w."]+|' || coalesce(c.never_null, '@') || ') IS NOT NULL|NOT false'
    || '|true(?: AND true)*| SELECT true(?: AS [^()]*)?|(?:[^()]* OR )?(?:true'
    || '|\[(\S+) IS NULL\] OR (?:[^()]* OR )?\[\2 IS NOT NULL\]'
    || '|\[(\S+) IS NOT NULL\] OR (?:[^()]* OR )?\[\3 IS NULL\])(?: OR [^()]*)?)\)' as is_true
  from clauses c
),
-- From the inside out: replace true expressions with `true`, or turn parentheses into brackets if there are none.
steps as (
  select m.policy, m.name, m.expression, m.is_true from marked m
  union all
  select
    s.policy, s.name, case
      when reduced.expression <> s.expression then reduced.expression
      else regexp_replace(s.expression, '\(([^()]*)\)', '[\1]', 'g')
    end, s.is_true
  from steps s
  cross join lateral regexp_replace(s.expression, s.is_true, 'true', 'g') as reduced (expression)
  where s.expression ~ '\([^()]*\)'
)
select
  format('%I on %I.%I', p.polname, n.nspname, t.relname) as object,
  'true for every row: ' || string_agg(
    c.name || ' ' || left(regexp_replace(c.expression, '\s+', ' ', 'g'), 80), '; ' order by c.name desc
  ) as problem,
  'remove the part that is always true' as remedy
from clauses c
join steps s on s.policy = c.policy and s.name = c.name and s.expression = 'true'
join pg_catalog.pg_policy p on p.oid = c.policy
join pg_catalog.pg_class t on t.oid = p.polrelid
join pg_catalog.pg_namespace n on n.oid = t.relnamespace
group by p.oid, p.polname, n.nspname, t.relname
order by object
