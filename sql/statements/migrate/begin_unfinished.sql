-- Record that a file outside a transaction is about to run.
--   version  text
--   sha256   text
--   actor    text
insert into supabase_migrations.chatctl_unfinished (version, sha256, actor)
values (%(version)s::text, %(sha256)s::text, %(actor)s::text)
on conflict (version) do update set sha256 = excluded.sha256, started_at = now(), actor = excluded.actor;
