-- Files outside a transaction that were started but not recorded as applied.
select u.version, u.sha256, u.started_at, u.actor from supabase_migrations.chatctl_unfinished u order by u.version;
