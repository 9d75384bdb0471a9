-- The object files as last applied.
select o.path, o.sha256, o.drops from supabase_migrations.chatctl_objects o order by o.path;
