-- The policies of a table that apply to a role and the commands, including select if a command reads rows.
--   relation  text    schema.table
--   role      text
--   commands  text[]  select, insert, update, delete
select
  p.polname::text as name,
  case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end as command,
  p.polpermissive as permissive,
  pg_get_expr(p.polqual, p.polrelid) as using,
  pg_get_expr(p.polwithcheck, p.polrelid) as with_check
from pg_catalog.pg_policy p
where p.polrelid = to_regclass(%(relation)s::text)
  and (
    p.polcmd = '*'
    or case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' else 'delete' end
      = any (%(commands)s::text[])
  )
  and exists (
    select from unnest(p.polroles) as named (role)
    where case when named.role = 0 then true else pg_has_role(%(role)s::text, named.role, 'usage') end
  )
order by p.polpermissive desc, command, name
