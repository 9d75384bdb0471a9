-- The roles of a Supabase project, as the hosted ones are: who may log in, what they may do, how long they may take.
--
-- Roles belong to the whole cluster, and test databases are made in parallel. So one at a time: the lock on pg_authid
-- is cluster-wide (an advisory lock is not), lets logins through, and ends with the transaction.
lock table pg_catalog.pg_authid in share row exclusive mode;

do $$
declare
  role_name text;
begin
  foreach role_name in array array[
    'anon', 'authenticated', 'service_role', 'authenticator', 'postgres', 'dashboard_user',
    'supabase_auth_admin', 'supabase_storage_admin', 'supabase_realtime_admin'
  ]
  loop
    if not exists (select from pg_catalog.pg_roles where rolname = role_name) then
      execute format('create role %I', role_name);
    end if;
  end loop;
end
$$;

-- What the API acts as. PostgREST logs in as authenticator and takes the role that the token names.
alter role anon with nologin noinherit;
alter role authenticated with nologin noinherit;
alter role service_role with nologin noinherit bypassrls;
alter role authenticator with login noinherit;
grant anon, authenticated, service_role to authenticator;

-- Whom migrations, psql and chatctl log in as: much, but no superuser.
alter role postgres with login nosuperuser createdb createrole replication bypassrls;
grant anon, authenticated, service_role to postgres with admin option;
grant pg_monitor, pg_read_all_data, pg_signal_backend to postgres;
grant set on parameter session_replication_role to postgres;

-- Who owns auth, storage and realtime. Nothing logs in as them here.
alter role supabase_auth_admin with nologin noinherit createrole;
alter role supabase_storage_admin with nologin noinherit createrole;
alter role supabase_realtime_admin with nologin noinherit;
alter role dashboard_user with nologin createdb createrole replication;

-- A hosted postgres creates policies on tables that it does not own (supautils.policy_grants). PostgreSQL lets owners
-- alone do that, so here it inherits the owners' rights, without `set role`; 50_privileges.sql takes back all but policies.
grant supabase_auth_admin, supabase_storage_admin, supabase_realtime_admin to postgres with inherit true, set false;

alter role anon set statement_timeout = '3s';
alter role authenticated set statement_timeout = '8s';
alter role authenticator set statement_timeout = '8s';
alter role authenticator set lock_timeout = '8s';
alter role postgres set search_path = "$user", public, extensions;
alter role supabase_auth_admin set search_path = auth;
alter role supabase_storage_admin set search_path = storage;
