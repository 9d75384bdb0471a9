-- A table for the current object files, to determine which objects are obsolete. `drop_obsolete` drops it in the same
-- transaction.
create table supabase_migrations.chatctl_current_objects (
  path text primary key,
  sha256 text not null,
  drops text[] not null
);
