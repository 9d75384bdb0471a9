-- Schema auth as after the migrations of Supabase Auth: the parts for users and their sign-in.
--
-- Columns are added one by one, so that this also completes the tables of Supabase Lite if they already exist.
select pg_advisory_xact_lock(hashtextextended('chatctl platform', 0));
set local client_min_messages = warning; -- "already exists, skipping" is the normal case here

do $$
begin
  if to_regtype('auth.aal_level') is null then
    create type auth.aal_level as enum ('aal1', 'aal2', 'aal3');
  end if;
  if to_regtype('auth.code_challenge_method') is null then
    create type auth.code_challenge_method as enum ('s256', 'plain');
  end if;
end
$$;

-- users ---------------------------------------------------------------------------------------------------------------

create table if not exists auth.users (id uuid primary key);
alter table auth.users
  add column if not exists instance_id uuid,
  add column if not exists aud varchar(255),
  add column if not exists role varchar(255),
  add column if not exists email varchar(255),
  add column if not exists encrypted_password varchar(255),
  add column if not exists email_confirmed_at timestamptz,
  add column if not exists invited_at timestamptz,
  -- These four have no default, and Auth fails for a user with a null in one of them.
  add column if not exists confirmation_token varchar(255),
  add column if not exists confirmation_sent_at timestamptz,
  add column if not exists recovery_token varchar(255),
  add column if not exists recovery_sent_at timestamptz,
  add column if not exists email_change_token_new varchar(255),
  add column if not exists email_change varchar(255),
  add column if not exists email_change_sent_at timestamptz,
  add column if not exists last_sign_in_at timestamptz,
  add column if not exists raw_app_meta_data jsonb,
  add column if not exists raw_user_meta_data jsonb,
  add column if not exists is_super_admin boolean,
  add column if not exists created_at timestamptz,
  add column if not exists updated_at timestamptz,
  add column if not exists phone text constraint users_phone_key unique,
  add column if not exists phone_confirmed_at timestamptz,
  add column if not exists phone_change text default '',
  add column if not exists phone_change_token varchar(255) default '',
  add column if not exists phone_change_sent_at timestamptz,
  add column if not exists confirmed_at timestamptz generated always as (least(email_confirmed_at, phone_confirmed_at)) stored,
  add column if not exists email_change_token_current varchar(255) default '',
  add column if not exists email_change_confirm_status smallint default 0
    constraint users_email_change_confirm_status_check check (email_change_confirm_status between 0 and 2),
  add column if not exists banned_until timestamptz,
  add column if not exists reauthentication_token varchar(255) default '',
  add column if not exists reauthentication_sent_at timestamptz,
  add column if not exists is_sso_user boolean not null default false,
  add column if not exists deleted_at timestamptz,
  add column if not exists is_anonymous boolean not null default false;

-- The defaults of Supabase Auth instead of those of Lite, so that a forgotten value causes the same error here.
alter table auth.users
  alter column aud drop default,
  alter column role drop default,
  alter column raw_app_meta_data drop default,
  alter column raw_user_meta_data drop default,
  alter column created_at drop default,
  alter column updated_at drop default,
  alter column phone set default null,
  alter column phone_change set default '',
  alter column phone_change_token set default '',
  alter column email_change_token_current set default '',
  alter column email_change_confirm_status set default 0,
  alter column reauthentication_token set default '';

create unique index if not exists users_email_partial_key on auth.users (email) where not is_sso_user;
create index if not exists users_instance_id_idx on auth.users (instance_id);
create index if not exists users_instance_id_email_idx on auth.users (instance_id, lower(email));
create index if not exists users_is_anonymous_idx on auth.users (is_anonymous);
-- One-time codes consist of digits and may repeat; other tokens must be unique.
create unique index if not exists confirmation_token_idx on auth.users (confirmation_token)
  where confirmation_token !~ '^[0-9 ]*$';
create unique index if not exists recovery_token_idx on auth.users (recovery_token)
  where recovery_token !~ '^[0-9 ]*$';
create unique index if not exists email_change_token_current_idx on auth.users (email_change_token_current)
  where email_change_token_current !~ '^[0-9 ]*$';
create unique index if not exists email_change_token_new_idx on auth.users (email_change_token_new)
  where email_change_token_new !~ '^[0-9 ]*$';
create unique index if not exists reauthentication_token_idx on auth.users (reauthentication_token)
  where reauthentication_token !~ '^[0-9 ]*$';

-- identities ----------------------------------------------------------------------------------------------------------

create table if not exists auth.identities (id uuid primary key);
alter table auth.identities
  add column if not exists provider_id text not null,
  add column if not exists user_id uuid not null
    constraint identities_user_id_fkey references auth.users (id) on delete cascade,
  add column if not exists identity_data jsonb not null,
  add column if not exists provider text not null,
  add column if not exists last_sign_in_at timestamptz,
  add column if not exists created_at timestamptz,
  add column if not exists updated_at timestamptz,
  add column if not exists email text generated always as (lower(identity_data ->> 'email')) stored;

alter table auth.identities
  alter column id set default gen_random_uuid(),
  alter column identity_data drop default,
  alter column created_at drop default,
  alter column updated_at drop default;

do $$
begin
  if not exists (
    select
    from pg_catalog.pg_constraint
    where conrelid = 'auth.identities'::regclass and conname = 'identities_provider_id_provider_unique'
  ) then
    alter table auth.identities add constraint identities_provider_id_provider_unique unique (provider_id, provider);
  end if;
end
$$;
create index if not exists identities_user_id_idx on auth.identities (user_id);
create index if not exists identities_email_idx on auth.identities (email text_pattern_ops);

-- sessions, and the other tables that a sign-in through Lite writes ---------------------------------------------------

create table if not exists auth.sessions (id uuid primary key);
alter table auth.sessions
  add column if not exists user_id uuid not null
    constraint sessions_user_id_fkey references auth.users (id) on delete cascade,
  add column if not exists created_at timestamptz,
  add column if not exists updated_at timestamptz,
  add column if not exists factor_id uuid,
  add column if not exists aal auth.aal_level,
  add column if not exists not_after timestamptz,
  add column if not exists refreshed_at timestamp,
  add column if not exists user_agent text,
  add column if not exists ip inet,
  add column if not exists tag text,
  add column if not exists oauth_client_id uuid,
  add column if not exists refresh_token_hmac_key text,
  add column if not exists refresh_token_counter bigint,
  add column if not exists scopes text constraint sessions_scopes_length check (char_length(scopes) <= 4096);
create index if not exists sessions_user_id_idx on auth.sessions (user_id);
create index if not exists sessions_not_after_idx on auth.sessions (not_after desc);

-- The only table that differs: Auth's ids of tokens are bigint, those of Lite are uuids as text. This platform uses the
-- types of Lite, which runs on it; chatctl does not read them.
create table if not exists auth.refresh_tokens (id text primary key default gen_random_uuid()::text);
alter table auth.refresh_tokens
  add column if not exists instance_id uuid,
  add column if not exists token varchar(255) not null constraint refresh_tokens_token_unique unique,
  add column if not exists user_id uuid not null,
  add column if not exists revoked boolean default false,
  add column if not exists created_at timestamptz,
  add column if not exists updated_at timestamptz,
  add column if not exists parent varchar(255),
  add column if not exists session_id uuid
    constraint refresh_tokens_session_id_fkey references auth.sessions (id) on delete cascade;
create index if not exists refresh_tokens_token_idx on auth.refresh_tokens (token);
create index if not exists refresh_tokens_user_id_idx on auth.refresh_tokens (user_id);
create index if not exists refresh_tokens_parent_idx on auth.refresh_tokens (parent);
create index if not exists refresh_tokens_session_id_revoked_idx on auth.refresh_tokens (session_id, revoked);

create table if not exists auth.flow_state (id uuid primary key);
alter table auth.flow_state
  add column if not exists user_id uuid,
  add column if not exists auth_code text,
  add column if not exists code_challenge_method auth.code_challenge_method,
  add column if not exists code_challenge text,
  add column if not exists provider_type text not null,
  add column if not exists provider_access_token text,
  add column if not exists provider_refresh_token text,
  add column if not exists created_at timestamptz,
  add column if not exists updated_at timestamptz,
  add column if not exists authentication_method text not null,
  add column if not exists auth_code_issued_at timestamptz,
  add column if not exists invite_token text,
  add column if not exists referrer text,
  add column if not exists oauth_client_state_id uuid,
  add column if not exists linking_target_id uuid,
  add column if not exists email_optional boolean not null default false;
create index if not exists idx_auth_code on auth.flow_state (auth_code);
create index if not exists idx_user_id_auth_method on auth.flow_state (user_id, authentication_method);
create index if not exists flow_state_created_at_idx on auth.flow_state (created_at desc);

create table if not exists auth.audit_log_entries (id uuid primary key);
alter table auth.audit_log_entries
  add column if not exists instance_id uuid,
  add column if not exists payload json,
  add column if not exists created_at timestamptz,
  add column if not exists ip_address varchar(64) not null default '';
create index if not exists audit_logs_instance_id_idx on auth.audit_log_entries (instance_id);

-- The caller ----------------------------------------------------------------------------------------------------------
-- From the claims of the token, each in its own setting or all as one JSON. As on hosted projects, they raise an error if
-- the claims are malformed.

create or replace function auth.uid()
returns uuid
language sql stable
as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.sub', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
  )::uuid
$$;

create or replace function auth.role()
returns text
language sql stable
as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.role', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role'
  )::text
$$;

create or replace function auth.email()
returns text
language sql stable
as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.email', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email'
  )::text
$$;

create or replace function auth.jwt()
returns jsonb
language sql stable
as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')
  )::jsonb
$$;

-- Owners and rights ---------------------------------------------------------------------------------------------------
-- The API roles may call the functions about the caller and have no privileges on tables; postgres may read and write,
-- and grant SELECT to others.

do $$
declare
  table_name text;
  function_name text;
begin
  foreach table_name in array array[
    'users', 'identities', 'sessions', 'refresh_tokens', 'flow_state', 'audit_log_entries'
  ]
  loop
    execute format('alter table auth.%I owner to supabase_auth_admin', table_name);
    execute format('alter table auth.%I enable row level security', table_name);
    execute format('revoke all on auth.%I from public, anon, authenticated, service_role', table_name);
    execute format('grant all on auth.%I to postgres, dashboard_user', table_name);
    execute format('grant select on auth.%I to postgres with grant option', table_name);
  end loop;

  foreach function_name in array array['uid', 'role', 'email', 'jwt']
  loop
    execute format('alter function auth.%I() owner to supabase_auth_admin', function_name);
    execute format('grant execute on function auth.%I() to public, postgres, dashboard_user', function_name);
  end loop;
end
$$;
