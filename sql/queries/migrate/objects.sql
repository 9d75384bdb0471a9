-- The objects as they were last stated.
select o.path, o.sha256 from supabase_migrations.chatctl_objects o order by o.path;
