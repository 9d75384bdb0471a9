-- Constraints of tables. Not null is a property of the column, although PostgreSQL 18 has a constraint for it.
--   relations  oid[]
select
  quote_ident(k.conname) || ' on ' || k.conrelid::regclass::text as name,
  -- Its columns are parents, too: dropping any of them drops the constraint, without CASCADE.
  array['table ' || k.conrelid::regclass::text] || array(
    select 'column ' || k.conrelid::regclass::text || '.' || quote_ident(a.attname)
    from pg_catalog.pg_attribute a
    where a.attrelid = k.conrelid and a.attnum = any (k.conkey)
    order by a.attname
  ) as parents,
  pg_get_constraintdef(k.oid)
    -- `alter table … disable trigger all` switches foreign keys off.
    || case when exists (
      select from pg_catalog.pg_trigger t where t.tgconstraint = k.oid and t.tgisinternal and t.tgenabled <> 'O'
    ) then E'\nswitched off: its triggers are disabled' else '' end as definition
from pg_catalog.pg_constraint k
where k.conrelid = any (%(relations)s::oid[])
  and k.contype in ('c', 'f', 'p', 'u', 'x')
  and k.conparentid = 0 and k.conislocal
order by name
