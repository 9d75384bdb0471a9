-- Record an applied object file.
--   path             text
--   sha256           text
--   drops            text[]   the statements that drop its objects
--   chatctl_version  text
--   actor            text
--   git_revision     text     null if the files are not tracked by git
insert into supabase_migrations.chatctl_objects (path, sha256, drops, chatctl_version, actor, git_revision)
values (
  %(path)s::text, %(sha256)s::text, %(drops)s::text[], %(chatctl_version)s::text,
  %(actor)s::text, %(git_revision)s::text
)
on conflict (path) do update set
  sha256 = excluded.sha256,
  drops = excluded.drops,
  applied_at = now(),
  applied_by = session_user,
  chatctl_version = excluded.chatctl_version,
  actor = excluded.actor,
  git_revision = excluded.git_revision;
