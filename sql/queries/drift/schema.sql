-- Schemas and their owners; the owner of public is ignored.
--   schemas  oid[]
--   owner    oid
select
  n.oid::regnamespace::text as name,
  '{}'::text[] as parents,
  case
    when n.nspname = 'public' then 'schema'
    else 'owner: ' || case n.nspowner when %(owner)s::oid then 'owner' else n.nspowner::regrole::text end
  end as definition
from pg_catalog.pg_namespace n
where n.oid = any (%(schemas)s::oid[])
order by name
