-- The Supabase CLI's history (the first four statements are its own), and chatctl's own details: checksums, who applied
-- a version, and the objects, which have no version. Tables of an older chatctl lack some of the columns.
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
-- drops: the statements that drop the objects of the file, for when the file is deleted.
alter table supabase_migrations.chatctl_objects
  add column if not exists drops text[] not null default '{}',
  add column if not exists actor text,
  add column if not exists git_revision text;
-- Files that run outside a transaction, from before they start until they are recorded as applied.
create table if not exists supabase_migrations.chatctl_unfinished (
  version text primary key,
  sha256 text not null,
  started_at timestamptz not null default now(),
  actor text
);
