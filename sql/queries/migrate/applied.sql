-- The applied versions, by any tool. Read as JSON, because the table of an old Supabase CLI has only the version.
-- The statements are null if none were recorded.
select
  m.version,
  coalesce(to_jsonb(m) ->> 'name', '') as name,
  case jsonb_typeof(to_jsonb(m) -> 'statements') when 'array' then array(
    select e.statement
    from jsonb_array_elements_text(to_jsonb(m) -> 'statements') with ordinality as e (statement, place)
    where e.statement is not null
    order by e.place
  ) end as statements
from supabase_migrations.schema_migrations m
order by m.version collate "C";
