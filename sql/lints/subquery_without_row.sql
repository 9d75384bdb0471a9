-- A subquery of a policy refers to the row or to the caller.
-- level: error
-- `exists (select from members m where m.role = 'admin')` is true for everybody as soon as one such row exists. An
-- EXISTS must use the row or the caller inside it; for other subqueries, the caller can be anywhere in the clause. An
-- expression uses the caller if it uses a setting or role of the session, or a function, view or table with policies
-- that does so, directly or through others; these are matched by name, in any schema. Does not check how the result is
-- used. Ignores NOT EXISTS and restrictive policies, which only remove access.
with recursive api as (
  select r.oid
  from pg_catalog.pg_roles r
  where r.rolname = any (
    string_to_array(coalesce(nullif(current_setting('chatctl.api_roles', true), ''), 'anon,authenticated'), ',')
  )
),
-- The oids of user-defined objects begin at 16384.
texts as (
  select p.proname || '(' as name, coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) as body
  from pg_catalog.pg_proc p where p.oid >= 16384
  union all
  select c.relname, pg_get_viewdef(c.oid) from pg_catalog.pg_class c where c.relkind = 'v' and c.oid >= 16384
  union all
  select c.relname, pg_get_expr(p.polqual, p.polrelid)
  from pg_catalog.pg_policy p
  join pg_catalog.pg_class c on c.oid = p.polrelid and c.relrowsecurity
  where p.polcmd in ('r', '*') and p.polqual is not null
),
mentions as (
  select distinct lower(t.name) as name, lower(regexp_replace(word.found[1], '["\s]', '', 'g')) as mentioned
  from texts t
  cross join lateral regexp_matches(
    regexp_replace(t.body, '--[^\n]*|/\*.*?\*/', '', 'g'), '\w+"?(?![\w".])(?:\s*\()?', 'g'
  ) as word (found)
),
-- The names that check the caller, directly or through others.
askers as (
  select own.name collate "C" as name
  from unnest(array['current_setting(', 'current_user', 'session_user']) as own (name)
  union
  select m.name from askers a join mentions m on m.mentioned = a.name
),
clauses as (
  select
    p.oid as policy, clause.name, format('%I on %I.%I', p.polname, n.nspname, t.relname) as object,
    -- A column of the row in a subquery.
    format('(?:^|[^\w."$])%s\.', regexp_replace(quote_ident(t.relname), '([^\w])', '\\\1', 'g')) as row_pattern,
    regexp_replace(pg_get_expr(clause.tree, p.polrelid), '''(?:[^'']|'''')*''', '''''', 'g') as expression
  from pg_catalog.pg_policy p
  join pg_catalog.pg_class t on t.oid = p.polrelid
  join pg_catalog.pg_namespace n on n.oid = t.relnamespace
  cross join lateral (values ('using', p.polqual), ('with check', p.polwithcheck)) as clause (name, tree)
  where p.polpermissive
    and clause.tree is not null
    and exists (
      select from api cross join unnest(p.polroles) as named (role)
      where case when named.role = 0 then true else pg_has_role(api.oid, named.role, 'usage') end
    )
),
-- From the inside out, turn parentheses into brackets.
steps as (
  select c.policy, c.name, c.expression from clauses c
  union all
  select s.policy, s.name, regexp_replace(s.expression, '\(([^()]*)\)', '[\1]', 'g')
  from steps s where s.expression ~ '\([^()]*\)'
),
subqueries as (
  select distinct s.policy, s.name, each.found[2] is not null as is_exists, each.found[3] as text
  from steps s
  cross join lateral regexp_matches(
    s.expression, '(NOT \()?(EXISTS )?\( (SELECT\s[^()]*FROM [^()]*)\)', 'g'
  ) as each (found)
  where each.found[1] is null
)
select
  c.object,
  'uses neither the row nor the caller: '
    || string_agg(distinct left(regexp_replace(translate(s.text, '[]', '()'), '\s+', ' ', 'g'), 80), '; ') as problem,
  'compare with a column of the row, or with the caller' as remedy
from subqueries s
join clauses c on c.policy = s.policy and c.name = s.name
where s.text !~ c.row_pattern
  -- A nested subquery may depend on the one around it.
  and not exists (
    select from subqueries around
    where around.policy = s.policy and position('[ ' || s.text || ']' in around.text) > 0
  )
  and not exists (
    select
    from regexp_matches(
      case when s.is_exists then s.text else c.expression end, '\w+"?(?![\w".])[([]?', 'g'
    ) as word (found)
    join askers a on a.name = lower(translate(word.found[1], '["', '('))
  )
group by c.policy, c.object
order by object
