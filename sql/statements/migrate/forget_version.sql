-- Remove a version from the history, with chatctl's details.
--   version  text
with details as (delete from supabase_migrations.chatctl_migrations where version = %(version)s::text),
unfinished as (delete from supabase_migrations.chatctl_unfinished where version = %(version)s::text)
delete from supabase_migrations.schema_migrations where version = %(version)s::text;
