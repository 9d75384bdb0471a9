-- chatctl's details about the versions that it has applied.
select c.version, c.applied_at, coalesce(c.actor, c.applied_by) as applied_by
from supabase_migrations.chatctl_migrations c
order by c.version collate "C";
