-- Record chatctl's details about a version, in addition to the Supabase CLI's table.
--   version          text
--   sha256           text
--   chatctl_version  text
--   duration_ms      integer
--   actor            text
--   git_revision     text     null if the files are not tracked by git
insert into supabase_migrations.chatctl_migrations
  (version, sha256, chatctl_version, duration_ms, actor, git_revision)
values (
  %(version)s::text, %(sha256)s::text, %(chatctl_version)s::text, %(duration_ms)s::integer,
  %(actor)s::text, %(git_revision)s::text
)
on conflict (version) do update set
  sha256 = excluded.sha256,
  applied_at = now(),
  applied_by = session_user,
  chatctl_version = excluded.chatctl_version,
  duration_ms = excluded.duration_ms,
  actor = excluded.actor,
  git_revision = excluded.git_revision;
