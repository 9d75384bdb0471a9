-- The history that the Supabase CLI keeps (the first four statements are its own), and beside it what chatctl
-- knows more: the text that was applied, by whom, and the objects, which are no versions.
create schema if not exists supabase_migrations;
create table if not exists supabase_migrations.schema_migrations (version text not null primary key);
alter table supabase_migrations.schema_migrations add column if not exists statements text[];
alter table supabase_migrations.schema_migrations add column if not exists name text;
create table if not exists supabase_migrations.chatctl_migrations (
  version text primary key,
  sha256 text not null,
  applied_at timestamptz not null default now(),
  applied_by text not null default session_user,
  chatctl_version text not null,
  duration_ms integer not null
);
create table if not exists supabase_migrations.chatctl_objects (
  path text primary key,
  sha256 text not null,
  applied_at timestamptz not null default now(),
  applied_by text not null default session_user,
  chatctl_version text not null
);
