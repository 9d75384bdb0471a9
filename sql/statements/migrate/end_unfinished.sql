-- Remove the mark of a file outside a transaction that was recorded as applied.
--   version  text
delete from supabase_migrations.chatctl_unfinished u where u.version = %(version)s::text;
