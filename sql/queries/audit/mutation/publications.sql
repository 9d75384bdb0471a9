-- The publications that the operator owns, with the tables of each.
--   names  text[]
select
  p.pubname::text as name,
  array(
    select format('%%s.%%s', n.nspname, c.relname)
    from pg_catalog.pg_publication_rel r
    join pg_catalog.pg_class c on c.oid = r.prrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where r.prpubid = p.oid
    order by 1
  ) as tables
from pg_catalog.pg_publication p
where p.pubname = any (%(names)s::text[]) and not p.puballtables
  and p.pubowner = (select r.oid from pg_catalog.pg_roles r where r.rolname = current_user)
order by p.pubname
