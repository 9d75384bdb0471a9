-- A file that ran outside a transaction is recorded.
--   version  text
delete from supabase_migrations.chatctl_unfinished u where u.version = %(version)s::text;
