-- A policy refers to at least one column of the row.
-- level: error
-- `true`, `1 = 1`, `auth.uid() is not null` and a subquery that does not use the row (perhaps because an inner table
-- has a column of the same name) have the same result for every row, so a caller sees all rows or none. Checks the
-- parsed expression. Ignores restrictive policies, which only remove access, `false`, and policies of Realtime, which
-- depend on its topic. A policy for administrators is reported, too; accept the finding.
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
    -- Escaped characters are part of a name.
    regexp_replace(clause.tree::text, '\\.', '', 'g') as tree
  from pg_catalog.pg_policy p
  cross join lateral (values ('using', p.polqual), ('with check', p.polwithcheck)) as clause (name, tree)
  where p.polpermissive
    and clause.tree is not null
    and exists (
      select from api cross join unnest(p.polroles) as named (role)
      where case when named.role = 0 then true else pg_has_role(api.oid, named.role, 'usage') end
    )
),
-- Reduce the node tree to Q for a query, and for a column its varlevelsup, the number of queries around it up to its
-- own. From the inside out, remove each query and decrement the numbers in it; in the end, 0 is a column of the row.
levels as (
  select c.policy, c.name, string_agg(
    case node.found[1] when '{QUERY' then 'Q(' when '{' then '(' when '}' then ')' else node.found[2] end,
    '' order by node.position
  ) as nested
  from clauses c
  cross join lateral regexp_matches(c.tree, '(\{QUERY|\{|\}|:varlevelsup (\d))', 'g')
    with ordinality as node (found, position)
  group by c.policy, c.name
  union all
  select l.policy, l.name, case
    when l.nested ~ '(?<!Q)\([^()]*\)' then regexp_replace(l.nested, '(?<!Q)\(([^()]*)\)', '\1', 'g')
    else replace(l.nested, query.text, translate(query.text, '0123456789Q()', '-012345678'))
  end
  from levels l
  cross join lateral substring(l.nested from 'Q\([^()]*\)') as query (text)
  where l.nested ~ '\('
)
select
  format('%I on %I.%I', p.polname, n.nspname, t.relname) as object,
  'has the same result for every row: ' || string_agg(
    c.name || ' ' || left(regexp_replace(c.expression, '\s+', ' ', 'g'), 80), '; ' order by c.name desc
  ) as problem,
  'use the column that decides, or make the policy `as restrictive` and add another one that uses the column' as remedy
from clauses c
join levels l on l.policy = c.policy and l.name = c.name
join pg_catalog.pg_policy p on p.oid = c.policy
join pg_catalog.pg_class t on t.oid = p.polrelid
join pg_catalog.pg_namespace n on n.oid = t.relnamespace
where l.nested !~ '[(0]'
  and c.expression <> 'false'
  and c.expression !~ 'realtime\.topic\(\)'
group by p.oid, p.polname, n.nspname, t.relname
order by object
