-- A function changes settings only for the transaction: `set local`, or set_config(…, true).
-- level: error
-- A pooled session serves requests of different users, so a setting of an earlier request can affect another user.
-- Reports set_config() if its last argument is not `true`, and `set` without `local` as a statement. Does not check
-- languages other than SQL and PL/pgSQL, or dynamic SQL. A `set` clause of the function itself ends with the call.
with bodies as (
  select p.oid as function, regexp_replace(
    regexp_replace(coalesce(pg_get_function_sqlbody(p.oid), p.prosrc), '--[^\n]*|/\*.*?\*/', '', 'g'),
    '''(?:[^'']|'''')*''', '''''', 'g'
  ) as body
  from pg_catalog.pg_proc p
  join pg_catalog.pg_namespace n on n.oid = p.pronamespace
  join pg_catalog.pg_language l on l.oid = p.prolang
  where l.lanname in ('sql', 'plpgsql')
  and n.nspname !~ '^(pg_.*|information_schema)$'
  and p.oid not in (select unnest(string_to_array(coalesce(current_setting('chatctl.platform_functions', true), ''), ',')::oid[]))
),
found as (
  select b.function, 'set_config(' || call.found[1] || ')' as what
  from bodies b
  cross join lateral regexp_matches(
    b.body, '\mset_config\s*\(((?:[^()]|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))*)\)', 'gi'
  ) as call (found)
  where call.found[1] !~* '(?:,|=>|:=)\s*true\s*$'
  union
  select b.function, statement.found[1]
  from bodies b
  cross join lateral regexp_matches(
    b.body, '(?:^|;|\m(?:begin|then|else|loop))\s*(set\s+(?!(?:local|constraints|transaction)\M)[^;]*)', 'gi'
  ) as statement (found)
)
select
  format('%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) as object,
  'changes settings for the whole session, also for its next user: ' || string_agg(
    left(regexp_replace(btrim(found.what), '\s+', ' ', 'g'), 60), '; ' order by found.what
  ) as problem,
  'use set_config(…, true) or set local, which end with the transaction' as remedy
from found
join pg_catalog.pg_proc p on p.oid = found.function
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
group by n.nspname, p.proname, p.proargtypes
order by object
