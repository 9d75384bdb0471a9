-- The history that the Supabase CLI keeps (the first four statements are its own), and beside it what chatctl
-- knows more: what was applied, by whom, and the objects, which are no versions. Every column of chatctl's may
-- be added to a table of an older chatctl.
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
alter table supabase_migrations.chatctl_migrations
  add column if not exists actor text,
  add column if not exists git_revision text;
create table if not exists supabase_migrations.chatctl_objects (
  path text primary key,
  sha256 text not null,
  applied_at timestamptz not null default now(),
  applied_by text not null default session_user,
  chatctl_version text not null
);
-- drops: the statements that take back what the file made, for the day it is gone.
alter table supabase_migrations.chatctl_objects
  add column if not exists drops text[] not null default '{}',
  add column if not exists actor text,
  add column if not exists git_revision text;
-- A file that runs outside a transaction, from before it starts until it is recorded.
create table if not exists supabase_migrations.chatctl_unfinished (
  version text primary key,
  sha256 text not null,
  started_at timestamptz not null default now(),
  actor text
);
