-- The schemas of Supabase and its extensions: their owners, privileges, and default privileges.
--
-- pg_graphql, pg_net and Vault are extensions on a hosted project. The embedded server has none of them; the following
-- files create their objects, as the superuser that owns the extensions on hosted projects.
select pg_advisory_xact_lock(hashtextextended('chatctl platform', 0));
set local client_min_messages = warning; -- "already exists, skipping" is the normal case here

-- postgres owns the database. It is therefore a member of pg_database_owner, which owns schema public.
do $$
begin
  if (
    select datdba::regrole::text
    from pg_catalog.pg_database
    where datname = current_database()
  ) <> 'postgres' then
    execute format('alter database %I owner to postgres', current_database());
  end if;
end
$$;

do $$
declare
  each record;
begin
  for each in
    select s.name, s.owner, s.entered_by, s.filled_by
    from (
      values
        ('public', null, 'anon, authenticated, service_role', 'postgres, supabase_realtime_admin'),
        (
          'auth', 'supabase_admin', 'postgres, anon, authenticated, service_role, supabase_realtime_admin',
          'supabase_auth_admin, dashboard_user'
        ),
        (
          'storage', 'supabase_admin', 'postgres, anon, authenticated, service_role',
          'supabase_storage_admin, dashboard_user'
        ),
        ('realtime', 'supabase_admin', 'postgres, anon, authenticated, service_role', 'supabase_realtime_admin'),
        ('_realtime', 'supabase_admin', null, 'supabase_realtime_admin'),
        ('extensions', 'postgres', 'anon, authenticated, service_role, supabase_realtime_admin', 'dashboard_user'),
        ('graphql', 'supabase_admin', 'postgres, anon, authenticated, service_role', null),
        ('graphql_public', 'supabase_admin', 'postgres, anon, authenticated, service_role', null),
        (
          'net', 'supabase_admin', 'public, postgres, anon, authenticated, service_role, supabase_functions_admin', null
        ),
        (
          'supabase_functions', 'supabase_admin', 'postgres, anon, authenticated, service_role', 'supabase_functions_admin'
        ),
        ('supabase_subscription_mgmt', 'supabase_admin', 'postgres', null),
        ('pgbouncer', 'pgbouncer', null, null),
        ('vault', 'supabase_admin', null, null)
    ) as s (name, owner, entered_by, filled_by)
  loop
    execute format('create schema if not exists %I', each.name);
    if each.owner is not null then
      execute format('alter schema %I owner to %I', each.name, each.owner);
    end if;
    if each.entered_by is not null then
      execute format('grant usage on schema %I to %s', each.name, each.entered_by);
    end if;
    if each.filled_by is not null then
      execute format('grant all on schema %I to %s', each.name, each.filled_by);
    end if;
  end loop;
end
$$;
grant all on schema storage to supabase_storage_admin with grant option;

-- Supabase grants the API roles all privileges on new tables, sequences and functions in schema public and in some of
-- its own schemas. The same is done here, so that a forgotten revoke is detected locally, before a hosted project has it.
do $$
declare
  each record;
begin
  for each in
    select d.creator, d.schema, k.kind, d.grantees
    from (
      values
        ('postgres', 'public', 'postgres, anon, authenticated, service_role'),
        ('postgres', 'storage', 'postgres, anon, authenticated, service_role'),
        ('supabase_admin', 'public', 'postgres, anon, authenticated, service_role'),
        ('supabase_admin', 'graphql', 'postgres, anon, authenticated, service_role'),
        ('supabase_admin', 'graphql_public', 'postgres, anon, authenticated, service_role'),
        ('supabase_admin', 'supabase_functions', 'postgres, anon, authenticated, service_role'),
        ('supabase_admin', 'extensions', 'postgres with grant option'),
        ('supabase_admin', 'realtime', 'postgres, dashboard_user'),
        ('supabase_auth_admin', 'auth', 'postgres, dashboard_user')
    ) as d (creator, schema, grantees)
    cross join unnest(array['tables', 'sequences', 'functions']) as k (kind)
  loop
    execute format(
      'alter default privileges for role %I in schema %I grant all on %s to %s',
      each.creator, each.schema, each.kind, each.grantees
    );
  end loop;
end
$$;
