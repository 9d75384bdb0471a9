-- PUBLIC (the default) and anon cannot execute a SECURITY DEFINER function.
-- level: error
-- The function runs with the rights of its owner and bypasses row-level security. Trigger functions are included,
-- because every role with EXECUTE can use one in a trigger on its own table. Checks inside the function are not
-- considered. The role of requests without a token is recognized by its name: an API role whose name contains anon.
with anonymous as (
  select r.oid, r.rolname
  from pg_catalog.pg_roles r
  where r.rolname ~ 'anon' and r.rolname = any (
    string_to_array(coalesce(nullif(current_setting('chatctl.api_roles', true), ''), 'anon,authenticated'), ',')
  )
)
select
  format('%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) as object,
  case
    when open.to_public then 'runs as its owner, and every role can call it'
    else format('runs as its owner, and %s can call it', open.to_anonymous)
  end as problem,
  case
    when p.proowner in (select unnest(string_to_array(coalesce(current_setting('chatctl.platform_roles', true), ''), ',')::oid[]))
      then 'a role of Supabase owns it: ask its support to revoke EXECUTE or to remove it'
    else format(
      'revoke execute on function %I.%I(%s) from %s', n.nspname, p.proname, oidvectortypes(p.proargtypes),
      concat_ws(', ', 'public', open.to_anonymous)
    )
  end as remedy
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
cross join lateral (
  select
    exists (
      select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a
      where a.grantee = 0 and a.privilege_type = 'EXECUTE'
    ) as to_public,
    (
      select string_agg(quote_ident(a.rolname), ', ' order by a.rolname)
      from anonymous a where has_function_privilege(a.oid, p.oid, 'execute')
    ) as to_anonymous
) as open
where p.prosecdef
  and (open.to_public or open.to_anonymous is not null)
  and n.nspname !~ '^(pg_.*|information_schema)$'
  and p.oid not in (select unnest(string_to_array(coalesce(current_setting('chatctl.platform_functions', true), ''), ',')::oid[]))
order by object
