-- An object as its file has it.
--   path    text
--   sha256  text
--   drops   text[]   the statements that take back what it makes
insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values (%(path)s::text, %(sha256)s::text, %(drops)s::text[]);
