-- A SECURITY DEFINER function that an API role can execute checks the caller.
-- level: error
-- The function bypasses row-level security, so nothing else limits which rows its arguments can reach. A function
-- checks the caller if it uses a setting or the role of the session, or a function or view that does so, directly or
-- through others; these are matched by name, in any schema. current_user is the owner, so it does not count. Does not
-- check how the result is used, or code in other languages. If a function returns nothing that needs protection, accept
-- the finding.
with recursive api as (
  select r.oid
  from pg_catalog.pg_roles r
  where r.rolname = any (
    string_to_array(coalesce(nullif(current_setting('chatctl.api_roles', true), ''), 'anon,authenticated'), ',')
  )
),
-- The oids of user-defined objects begin at 16384.
texts as (
  select p.oid as function, p.proname || '(' as name, coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) as body
  from pg_catalog.pg_proc p where p.oid >= 16384
  union all
  select null, c.relname, pg_get_viewdef(c.oid) from pg_catalog.pg_class c where c.relkind = 'v' and c.oid >= 16384
),
mentions as (
  select distinct t.function, lower(t.name) as name, lower(regexp_replace(word.found[1], '["\s]', '', 'g')) as mentioned
  from texts t
  cross join lateral regexp_matches(
    regexp_replace(t.body, '--[^\n]*|/\*.*?\*/', '', 'g'), '\w+"?(?![\w".])(?:\s*\()?', 'g'
  ) as word (found)
),
-- The names that check the caller, directly or through others.
askers as (
  select own.name collate "C" as name
  from unnest(array['current_setting(', 'session_user']) as own (name)
  union
  select m.name from askers a join mentions m on m.mentioned = a.name
)
select
  format('%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) as object,
  'runs as its owner, and does not check the caller' as problem,
  'compare with auth.uid() in the function, make it security invoker, or revoke execute' as remedy
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where p.prosecdef
  and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
  and exists (select from api where has_function_privilege(api.oid, p.oid, 'execute'))
  and not exists (
    select from askers a join mentions m on m.mentioned = a.name where m.function = p.oid
  )
  and n.nspname !~ '^(pg_.*|information_schema)$'
  and p.oid not in (select unnest(string_to_array(coalesce(current_setting('chatctl.platform_functions', true), ''), ',')::oid[]))
order by object
