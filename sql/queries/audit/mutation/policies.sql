-- The policies of tables, with their conditions as PostgreSQL prints them.
--   relations  text[]  schema.table
select
  format('%%s.%%s', n.nspname, c.relname) as relation,
  p.polname::text as name,
  p.polpermissive as permissive,
  case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end as command,
  array(
    select case r.role when 0 then 'public' else pg_get_userbyid(r.role)::text end
    from unnest(p.polroles) as r (role)
    order by 1
  ) as roles,
  pg_get_expr(p.polqual, p.polrelid) as using,
  pg_get_expr(p.polwithcheck, p.polrelid) as check
from pg_catalog.pg_policy p
join pg_catalog.pg_class c on c.oid = p.polrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where format('%%s.%%s', n.nspname, c.relname) = any (%(relations)s::text[])
order by relation, name
