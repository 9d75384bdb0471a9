-- The schema of what PostgREST calls in whatever role a request has: anon enters it, since it would be refused everything
-- otherwise. PostgREST calls chat_hooks.before_request where this role may set that; where not, see docs/backend.md.
revoke all on schema chat_hooks from public;
grant usage on schema chat_hooks to anon, authenticated, service_role;

do $$
begin
  execute format(
    'alter role authenticator in database %I set pgrst.db_pre_request = %L',
    current_database(), 'chat_hooks.before_request'
  );
  notify pgrst, 'reload config';
exception when insufficient_privilege then
  raise notice 'writes of the API are not limited to 0.9 s: this role may not alter authenticator';
end
$$;
