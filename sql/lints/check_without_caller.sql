-- The WITH CHECK of a policy depends on the caller if reading the table does.
-- level: error
-- Otherwise, although only owners can read their rows, users can write rows in the name of anybody, or rows that
-- anybody can read. Checks the WITH CHECK expression of every permissive policy for insert and update. An expression
-- depends on the caller if it uses a setting or role of the session, or a function, view or table with policies that
-- does so, directly or through others; these are matched by name, in any schema. Does not check what triggers set or
-- reject.
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
    p.oid, p.polname, p.polrelid, p.polcmd, clause.is_check,
    exists (
      select
      from regexp_matches(pg_get_expr(clause.tree, p.polrelid), '\w+"?(?![\w".])(?:\()?', 'g') as word (found)
      join askers a on a.name = lower(replace(word.found[1], '"', ''))
    ) as asks
  from pg_catalog.pg_policy p
  cross join lateral (
    values (false, p.polqual), (true, case when p.polcmd <> 'r' then coalesce(p.polwithcheck, p.polqual) end)
  ) as clause (is_check, tree)
  where p.polpermissive
    and p.polcmd <> 'd'
    and clause.tree is not null
    and pg_get_expr(clause.tree, p.polrelid) <> 'false'
    and exists (
      select from api cross join unnest(p.polroles) as named (role)
      where case when named.role = 0 then true else pg_has_role(api.oid, named.role, 'usage') end
    )
)
select
  format('%I on %I.%I', written.polname, n.nspname, t.relname) as object,
  'reading depends on the caller, but WITH CHECK does not' as problem,
  'compare a column of the new row with the caller: with check (… = (select auth.uid()))' as remedy
from clauses written
join pg_catalog.pg_class t on t.oid = written.polrelid
join pg_catalog.pg_namespace n on n.oid = t.relnamespace
where written.is_check
  and not written.asks
  and exists (
    select from clauses reading
    where reading.polrelid = written.polrelid
      and not reading.is_check and reading.asks
      and (reading.polcmd in ('r', '*') or reading.oid = written.oid)
  )
order by object
