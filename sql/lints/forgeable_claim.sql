-- A policy does not trust values that users can set: user_metadata, the email in a token, a header.
-- level: error
-- All users can set their own user_metadata (raw_user_meta_data in auth.users, user_metadata of a file), an email can
-- be unconfirmed, headers come from the client, and in a SECURITY DEFINER function current_user is the owner, not the
-- caller. auth.role() in a policy does the same as `to`, but the policy then runs for all roles. Checks policies, and
-- the functions and views that they use, directly or through others, matched by name in any schema. Does not detect a
-- column that users can write themselves and that determines their permissions.
with recursive texts as (
  select
    lower(p.proname) || '(' as name, format('%I.%I()', n.nspname, p.proname) as place, p.prosecdef as definer,
    coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) as body
  from pg_catalog.pg_proc p
  join pg_catalog.pg_namespace n on n.oid = p.pronamespace
  -- The oids of user-defined objects begin at 16384.
  where p.oid >= 16384
  union all
  select lower(c.relname), format('%I.%I', n.nspname, c.relname), false, pg_get_viewdef(c.oid)
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'v' and c.oid >= 16384
),
uncommented as (
  select t.name, t.place, t.definer, regexp_replace(t.body, '--[^\n]*|/\*.*?\*/', '', 'g') as body from texts t
),
used as (
  select
    p.oid as policy, null::text collate "C" as place, false as definer,
    concat_ws(' ', pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) as body
  from pg_catalog.pg_policy p
  union
  select u.policy, t.place, t.definer, t.body
  from used u
  cross join lateral regexp_matches(u.body, '\w+"?(?![\w".])(?:\s*\()?', 'g') as word (found)
  join uncommented t on t.name = lower(regexp_replace(word.found[1], '["\s]', '', 'g'))
),
trusted as (
  select u.policy, u.place, found.what, found.remedy
  from used u
  cross join lateral (
    values
      (u.body ~* 'user_meta_?data', 'user_metadata, which users can set themselves',
        'store the value in a table or in app_metadata'),
      (u.body ~* '\mauth\.email\s*\(|(?:jwt\(\)|request\.jwt)[^>]{0,40}->>?\s*''email''',
        'the email of the token, which may be unconfirmed', 'compare the user id: auth.uid()'),
      (u.body ~* 'request\.(?:header|cookie)s?\M', 'a header of the request, which the client sets',
        'compare the user id: auth.uid()'),
      (u.place is null and u.body ~* '\mauth\.role\s*\(|(?:jwt\(\)|request\.jwt)[^>]{0,40}->>?\s*''role''',
        'the role of the token', 'name the role: to authenticated'),
      (u.definer and u.body ~* '\mcurrent_user\M(?!\s*\()', 'current_user, which is the owner of the function',
        'use current_setting(''role''), or make the function security invoker')
  ) as found (is_so, what, remedy)
  where found.is_so
    and coalesce(u.place, '') !~ '^(auth|pg_.*|information_schema)\.'
)
select
  format('%I on %I.%I', p.polname, n.nspname, c.relname) as object,
  'trusts ' || string_agg(distinct trusted.what || coalesce(' (in ' || trusted.place || ')', ''), ', and ') as problem,
  string_agg(distinct trusted.remedy, '; ') as remedy
from trusted
join pg_catalog.pg_policy p on p.oid = trusted.policy
join pg_catalog.pg_class c on c.oid = p.polrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
group by p.oid, p.polname, n.nspname, c.relname
order by object
