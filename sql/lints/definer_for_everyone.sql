-- A SECURITY DEFINER function is not everybody's to call: neither PUBLIC's, which is the default, nor anon's.
-- It runs with the rights of its owner, past row-level security. What only triggers call counts as well: whoever
-- may execute it can put it on a table of theirs. What the function checks by itself is not looked at.
select
  format('%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) as object,
  case
    when has_function_privilege('anon', p.oid, 'execute') and not open.to_public then 'runs as its owner, and anon may call it'
    else 'runs as its owner, and everybody may call it'
  end as problem,
  format(
    'revoke execute on function %I.%I(%s) from public, anon', n.nspname, p.proname, oidvectortypes(p.proargtypes)
  ) as remedy
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
cross join lateral (
  select exists (
    select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a
    where a.grantee = 0 and a.privilege_type = 'EXECUTE'
  ) as to_public
) as open
where p.prosecdef
  and (open.to_public or has_function_privilege('anon', p.oid, 'execute'))
  and n.nspname !~ '^(pg_.*|information_schema|auth|storage|realtime|extensions|graphql|vault|net|cron|supabase_.*)$'
order by object
