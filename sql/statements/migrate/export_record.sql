-- Record the objects that the Supabase CLI has applied, so that chatctl does not apply them again. Runs after the
-- objects are applied and before `drop_obsolete`.
insert into supabase_migrations.chatctl_objects (path, sha256, drops, chatctl_version)
select w.path, w.sha256, w.drops, 'export'
from supabase_migrations.chatctl_current_objects w
on conflict (path) do update set
  sha256 = excluded.sha256,
  drops = excluded.drops,
  applied_at = now(),
  applied_by = session_user,
  chatctl_version = excluded.chatctl_version,
  actor = null,
  git_revision = null;
