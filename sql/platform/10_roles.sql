-- The roles of a Supabase project, as on hosted projects: their attributes, memberships and timeouts.
--
-- Roles belong to the whole cluster, and test databases are created in parallel, so this must run in one session at a
-- time: the lock on pg_authid is cluster-wide (an advisory lock is not), allows logins, and ends with the transaction.
lock table pg_catalog.pg_authid in share row exclusive mode;

do $$
declare
  role_name text;
begin
  foreach role_name in array array[
    'anon', 'authenticated', 'service_role', 'authenticator', 'postgres', 'dashboard_user', 'pgbouncer',
    'supabase_auth_admin', 'supabase_etl_admin', 'supabase_functions_admin', 'supabase_read_only_user',
    'supabase_realtime_admin', 'supabase_replication_admin', 'supabase_storage_admin', 'supabase_superuser'
  ]
  loop
    if not exists (select from pg_catalog.pg_roles where rolname = role_name) then
      execute format('create role %I', role_name);
    end if;
  end loop;
end
$$;

-- The API roles. PostgREST logs in as authenticator and sets the role that the token names.
alter role anon with nologin inherit;
alter role authenticated with nologin inherit;
alter role service_role with nologin inherit bypassrls;
alter role authenticator with login noinherit;
grant anon, authenticated, service_role to authenticator;

-- The role that migrations, psql and chatctl log in as; it has many rights but is not a superuser.
alter role postgres with login nosuperuser createdb createrole replication bypassrls;
grant anon, authenticated, service_role to postgres with admin option;
grant pg_monitor, pg_read_all_data, pg_signal_backend, supabase_superuser to postgres;
grant set on parameter session_replication_role to postgres;

-- The roles of Supabase's services. They own the objects in the platform's schemas; nothing logs in as them here.
alter role supabase_auth_admin with login noinherit nocreaterole;
alter role supabase_storage_admin with login noinherit createrole;
alter role supabase_functions_admin with login noinherit createrole;
alter role supabase_realtime_admin with nologin noinherit;
alter role supabase_replication_admin with login replication;
alter role supabase_read_only_user with login bypassrls;
alter role supabase_etl_admin with login replication;
alter role pgbouncer with login;
alter role dashboard_user with nologin createdb createrole replication;
grant authenticator to supabase_storage_admin;
grant anon, authenticated, service_role to supabase_realtime_admin;
grant pg_read_all_data to supabase_read_only_user;
grant supabase_superuser to supabase_etl_admin;
grant supabase_functions_admin to postgres;

-- On hosted projects, postgres can create policies on tables that it does not own (supautils.policy_grants). PostgreSQL
-- allows this only for owners, so here postgres inherits the owners' rights, without `set role`; 90_refusals.sql refuses
-- everything but policies.
grant supabase_auth_admin, supabase_storage_admin, supabase_realtime_admin to postgres with inherit true, set false;

-- session_preload_libraries is not set: hosted roles load supautils and safeupdate, which the embedded server lacks, and
-- logins would fail. Also, the search_path of supabase_admin, chatctl's superuser here, does not contain auth.
alter role anon set statement_timeout = '3s';
alter role authenticated set statement_timeout = '8s';
alter role authenticator set statement_timeout = '8s';
alter role authenticator set lock_timeout = '8s';
alter role postgres set search_path = "$user", public, extensions;
alter role supabase_auth_admin set search_path = auth;
alter role supabase_auth_admin set idle_in_transaction_session_timeout = '60s';
alter role supabase_functions_admin set search_path = supabase_functions;
alter role supabase_realtime_admin set search_path = public, extensions, realtime;
alter role supabase_storage_admin set search_path = storage;
