-- A function that a policy calls is STABLE, or IMMUTABLE if its result depends only on its arguments.
-- level: error
-- A volatile function is called for every row and prevents the use of indexes. A function that is declared immutable
-- but reads a table or a setting can be evaluated during planning, so that one caller gets the result of another.
-- Checks the source of SQL and PL/pgSQL functions: tables after FROM and JOIN, settings, the time, and functions
-- without an immutable overload. Does not check the functions that they call, except for their declared volatility, or
-- Supabase's functions, which we cannot change.
with called as (
  select distinct p.oid as policy, f.oid as function
  from pg_catalog.pg_policy p
  cross join lateral (values (p.polqual), (p.polwithcheck)) as clause (tree)
  cross join lateral regexp_matches(clause.tree::text, ':(?:op)?funcid (\d+)', 'g') as node (found)
  join pg_catalog.pg_proc f on f.oid = node.found[1]::oid
),
bodies as (
  select
    f.oid as function, f.provolatile,
    case when f.provolatile = 'i' and l.lanname in ('sql', 'plpgsql') then regexp_replace(
      regexp_replace(coalesce(pg_get_function_sqlbody(f.oid), f.prosrc), '--[^\n]*|/\*.*?\*/', '', 'g'),
      '''(?:[^'']|'''')*''', '', 'g'
    ) end as body
  from pg_catalog.pg_proc f
  join pg_catalog.pg_language l on l.oid = f.prolang
  where f.oid in (select c.function from called c)
),
reads as (
  select b.function, lower(word.found[1]) as what
  from bodies b
  cross join lateral regexp_matches(
    b.body, '\m(?:from|join)\s+(?:only\s+)?(?:"?\w+"?\.)?"?(\w+)"?(?!["\w]|\s*[.(])', 'gi'
  ) as word (found)
  where exists (
    select from pg_catalog.pg_class c
    where c.relname = lower(word.found[1]) and c.relkind in ('r', 'p', 'v', 'm', 'f')
  )
  union
  select b.function, lower(word.found[1]) || '()'
  from bodies b
  cross join lateral regexp_matches(b.body, '\m(\w+)"?\s*\(', 'g') as word (found)
  where exists (select from pg_catalog.pg_proc g where g.proname = lower(word.found[1]))
    and not exists (select from pg_catalog.pg_proc g where g.proname = lower(word.found[1]) and g.provolatile = 'i')
    -- These are stable because the output of some types depends on settings; that of text and numbers does not.
    and word.found[1] !~* '^(?:concat|concat_ws|format|array_to_string|jsonb?_build_(?:object|array)|to_jsonb?)$'
  union
  select b.function, lower(word.found[1])
  from bodies b
  cross join lateral regexp_matches(
    b.body, '\m(current_user|session_user|current_date|current_timestamp|localtimestamp)\M', 'gi'
  ) as word (found)
)
select
  format('%I.%I(%s)', n.nspname, f.proname, oidvectortypes(f.proargtypes)) as object,
  format('used by %s; %s', (
    select string_agg(format('%I on %I', p.polname, t.relname), ', ' order by p.polname)
    from called c
    join pg_catalog.pg_policy p on p.oid = c.policy
    join pg_catalog.pg_class t on t.oid = p.polrelid
    where c.function = f.oid
  ), coalesce('declared immutable, but it reads ' || string_agg(distinct r.what, ', '), 'volatile')) as problem,
  case
    when n.nspname = 'pg_catalog' then 'do not call it in a policy: a policy must return the same result each time'
    else format('alter function %I.%I(%s) stable', n.nspname, f.proname, oidvectortypes(f.proargtypes))
  end as remedy
from bodies b
join pg_catalog.pg_proc f on f.oid = b.function
join pg_catalog.pg_namespace n on n.oid = f.pronamespace
left join reads r on r.function = b.function
where (b.provolatile = 'v' or r.what is not null)
  and f.oid not in (select unnest(string_to_array(coalesce(current_setting('chatctl.platform_functions', true), ''), ',')::oid[]))
group by f.oid, f.proname, f.proargtypes, n.nspname
order by object
