-- An object file of the plan.
--   path    text
--   sha256  text
--   drops   text[]   the statements that drop its objects
insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values (%(path)s::text, %(sha256)s::text, %(drops)s::text[]);
