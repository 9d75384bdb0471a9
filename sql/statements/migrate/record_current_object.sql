-- Record a current object file, see current_objects.sql.
--   path    text
--   sha256  text
--   drops   text[]   the statements that drop its objects
insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values (%(path)s::text, %(sha256)s::text, %(drops)s::text[]);
