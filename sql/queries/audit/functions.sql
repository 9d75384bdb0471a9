-- The functions that any of the roles may call, with usage on their schemas; trigger functions are left out.
-- of_platform: belongs to Supabase or an extension, see platform.sql; in_platform: in a schema of Supabase.
-- surplus: the roles that may call it because of a grant that neither Supabase nor the extension made.
--   roles  text[]
select
  n.nspname as schema,
  format('%%s.%%s(%%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) as signature,
  p.prosecdef as definer,
  coalesce(
    p.proconfig && array['search_path=', 'search_path=""', 'search_path=pg_catalog, pg_temp', 'search_path=pg_temp'], false
  ) as closed_path,
  n.oid in (select unnest(string_to_array(current_setting('chatctl.platform_schemas'), ',')::oid[])) as in_platform,
  p.oid in (select unnest(string_to_array(current_setting('chatctl.platform_functions'), ',')::oid[])) as of_platform,
  array_agg(r.rolname::text order by r.rolname) as roles,
  array_agg(r.rolname::text order by r.rolname) filter (
    where exists (
      select
      from jsonb_to_recordset(current_setting('chatctl.platform_surplus')::jsonb)
        as s (class text, object oid, grantee oid)
      where s.class = 'pg_proc' and s.object = p.oid
        and case when s.grantee = 0 then true else pg_has_role(r.oid, s.grantee, 'usage') end
    )
  ) as surplus,
  bool_or(coalesce(p.proacl is null or '=X' = any (array(select left(item::text, 2) from unnest(p.proacl) as item)), false)) as to_public
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
join pg_catalog.pg_roles r on r.rolname = any (%(roles)s::text[])
where has_schema_privilege(r.oid, n.oid, 'usage')
  and has_function_privilege(r.oid, p.oid, 'execute')
  and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
  and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
group by n.oid, n.nspname, p.oid, p.proname, p.proargtypes, p.prosecdef, p.proconfig
order by signature
