-- A place for the objects as the files have them, while what is obsolete is dropped. Gone again with
-- `drop_obsolete`, in the same transaction.
create table supabase_migrations.chatctl_wanted (
  path text primary key,
  sha256 text not null,
  drops text[] not null
);
