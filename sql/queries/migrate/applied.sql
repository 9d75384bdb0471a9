-- The versions a database has had, by whichever tool.
select m.version, coalesce(m.name, '') as name, coalesce(m.statements, '{}') as statements
from supabase_migrations.schema_migrations m
order by m.version collate "C";
