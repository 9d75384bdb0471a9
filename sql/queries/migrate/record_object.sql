-- An object as it is stated now.
--   path             text
--   sha256           text
--   chatctl_version  text
insert into supabase_migrations.chatctl_objects (path, sha256, chatctl_version)
values (%(path)s::text, %(sha256)s::text, %(chatctl_version)s::text)
on conflict (path) do update set
  sha256 = excluded.sha256,
  applied_at = now(),
  applied_by = session_user,
  chatctl_version = excluded.chatctl_version;
