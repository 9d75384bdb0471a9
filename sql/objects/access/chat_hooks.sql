-- The schema of the functions that PostgREST calls, in the role of each request. anon needs access as well, or all of
-- its requests would fail; the same is true for a project's own roles. This configures PostgREST to call
-- chat_hooks.before_request, if the migrating role may do so and no other function is configured; see docs/backend.md.
revoke all on schema chat_hooks from public;
grant usage on schema chat_hooks to anon, authenticated, service_role;

do $$
declare
  other text := (
    select split_part(each, '=', 2)
    from pg_catalog.pg_db_role_setting s
    cross join lateral unnest(s.setconfig) as each
    where s.setrole = (select r.oid from pg_catalog.pg_roles r where r.rolname = 'authenticator')
      and s.setdatabase in (0, (select d.oid from pg_catalog.pg_database d where d.datname = current_database()))
      and split_part(each, '=', 1) = 'pgrst.db_pre_request'
      and split_part(each, '=', 2) not in ('', 'chat_hooks.before_request')
    order by s.setdatabase desc
    limit 1
  );
begin
  if other is not null then
    raise notice 'writes of the API are not limited to 0.9 s: PostgREST calls % before each request; call chat_hooks.before_request() in it', other;
    return;
  end if;
  if exists (
    select from pg_catalog.pg_db_role_setting s
    cross join lateral unnest(s.setconfig) as each
    where s.setrole = (select r.oid from pg_catalog.pg_roles r where r.rolname = 'authenticator')
      and s.setdatabase = (select d.oid from pg_catalog.pg_database d where d.datname = current_database())
      and each = 'pgrst.db_pre_request=chat_hooks.before_request'
  ) then
    return;
  end if;
  execute format(
    'alter role authenticator in database %I set pgrst.db_pre_request = %L',
    current_database(), 'chat_hooks.before_request'
  );
  notify pgrst, 'reload config';
  raise notice 'PostgREST now calls chat_hooks.before_request before each request, instead of any function in its configuration file or environment';
exception when insufficient_privilege then
  raise notice 'writes of the API are not limited to 0.9 s: this role may not alter authenticator';
end
$$;
