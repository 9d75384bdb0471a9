-- Record a version as the Supabase CLI does.
--   version     text
--   name        text
--   statements  text[]
insert into supabase_migrations.schema_migrations (version, name, statements)
values (%(version)s::text, %(name)s::text, %(statements)s::text[]);
