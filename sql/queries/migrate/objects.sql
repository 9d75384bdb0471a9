-- The objects as they were last stated.
select o.path, o.sha256, o.drops from supabase_migrations.chatctl_objects o order by o.path;
