-- In an exported file, after one that changes the role: back to the role in which the Supabase CLI runs migrations,
-- which owns its history. That is not always the one that signed in; on hosted projects the CLI has login roles.
select pg_catalog.set_config(
  'role',
  case when pg_catalog.pg_has_role(session_user, c.relowner, 'member') then pg_catalog.pg_get_userbyid(c.relowner) else 'none' end,
  false
)
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'supabase_migrations' and c.relname = 'schema_migrations';
