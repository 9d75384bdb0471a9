-- `chatctl operator`: which database roles operators log in with. These functions are in schema private and run as the
-- caller: only the owner of schema moderation can give rights in it, and an operator cannot make others operators.

-- Refuse a role that must not become an operator's.
create or replace function private.require_operator_role(p_role text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  candidate pg_catalog.pg_roles;
begin
  select r.* into candidate from pg_catalog.pg_roles r where r.rolname = p_role;
  if not found then
    perform private.refuse('PT404', 'NOT_FOUND', format('There is no role %I', p_role));
  elsif p_role in ('anon', 'authenticated', 'service_role', 'authenticator') then
    perform private.refuse('PT403', 'NOT_ALLOWED', format('%I is a role of the API; create a role for operators', p_role));
  elsif exists (
    select from pg_catalog.pg_roles api
    where api.rolname in ('anon', 'authenticated', 'service_role', 'authenticator')
      and (pg_has_role(api.oid, candidate.oid, 'member') or pg_has_role(candidate.oid, api.oid, 'member'))
  ) then
    perform private.refuse('PT403', 'NOT_ALLOWED', format(
      '%I is connected with the roles of the API by a membership; create a role for operators', p_role));
  elsif candidate.rolsuper or candidate.rolbypassrls or candidate.rolreplication
    or p_role ~ '^(supabase_|pgbouncer$|dashboard_user$)'
    or exists (
      select from pg_catalog.pg_namespace n
      where n.nspname = 'moderation' and pg_has_role(candidate.oid, n.nspowner, 'member')
    )
  then
    perform private.refuse('PT403', 'NOT_ALLOWED', format(
      '%I belongs to Supabase, or can read without row-level security; create a role for operators', p_role));
  elsif candidate.rolcreaterole or exists (
    select from pg_catalog.pg_roles r
    where r.rolname in (
        'pg_database_owner', 'pg_execute_server_program', 'pg_maintain', 'pg_write_all_data', 'pg_write_server_files'
      )
      and pg_has_role(candidate.oid, r.oid, 'member')
  ) then
    perform private.refuse('PT403', 'NOT_ALLOWED', format(
      '%I can change data or roles without the functions of schema moderation, by CREATEROLE, as the owner of the database, '
      'or as a member of a role such as pg_write_all_data; create a role for operators', p_role));
  elsif not candidate.rolcanlogin then
    perform private.refuse('PT400', 'VALIDATION_ERROR', format(
      '%I cannot log in; the log would not show which of its members acted', p_role));
  end if;
end
$$;

-- Give a role what an operator needs, and take what else it has in schema moderation. Returns the action's id; null if
-- nothing had to be changed.
create or replace function private.grant_operator(p_role text, p_actor text, p_reason text, p_ticket text default null)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  perform private.require_reason(p_actor, p_reason, p_ticket);
  perform private.require_operator_role(p_role);
  if exists (
    select from moderation.operators o
    where o.name = p_role and o.missing = '{}' and o.surplus = '{}'
  ) then
    return null;
  end if;
  perform private.revoke_in_moderation(p_role);
  execute format('grant usage on schema moderation to %I', p_role);
  execute format('grant execute on all functions in schema moderation to %I', p_role);
  execute format('grant select on all tables in schema moderation to %I', p_role);
  execute format(
    'alter default privileges for role %s in schema moderation grant execute on functions to %I',
    private.owner_of_moderation(), p_role
  );
  execute format(
    'alter default privileges for role %s in schema moderation grant select on tables to %I',
    private.owner_of_moderation(), p_role
  );
  return private.log_act('operator.grant', array['role:' || p_role], p_actor, p_reason, p_ticket);
end
$$;

-- Take from a role all that it has in schema moderation. Returns the action's id; null if it had nothing.
create or replace function private.revoke_operator(p_role text, p_actor text, p_reason text, p_ticket text default null)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  perform private.require_reason(p_actor, p_reason, p_ticket);
  if not exists (select from pg_catalog.pg_roles r where r.rolname = p_role) then
    perform private.refuse('PT404', 'NOT_FOUND', format('There is no role %I', p_role));
  elsif not exists (select from moderation.operators o where o.name = p_role) then
    return null;
  end if;
  perform private.revoke_in_moderation(p_role);
  return private.log_act('operator.revoke', array['role:' || p_role], p_actor, p_reason, p_ticket);
end
$$;

create or replace function private.revoke_in_moderation(p_role text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  execute format('revoke all on schema moderation from %I', p_role);
  execute format('revoke all on all functions in schema moderation from %I', p_role);
  execute format('revoke all on all tables in schema moderation from %I', p_role);
  execute format(
    'alter default privileges for role %s in schema moderation revoke all on functions from %I',
    private.owner_of_moderation(), p_role
  );
  execute format(
    'alter default privileges for role %s in schema moderation revoke all on tables from %I',
    private.owner_of_moderation(), p_role
  );
end
$$;

-- The role that `chatctl migrate` creates functions and views as.
create or replace function private.owner_of_moderation()
returns regrole
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select n.nspowner::regrole from pg_catalog.pg_namespace n where n.nspname = 'moderation'
$$;

revoke execute on function private.require_operator_role(text) from public;
revoke execute on function private.grant_operator(text, text, text, text) from public;
revoke execute on function private.revoke_operator(text, text, text, text) from public;
revoke execute on function private.revoke_in_moderation(text) from public;
revoke execute on function private.owner_of_moderation() from public;
