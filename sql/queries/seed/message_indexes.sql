-- Statements that drop and re-create the indexes of messages. Without indexes that other objects depend on, such as
-- foreign keys, and without those that their definition does not describe completely.
select
  case
    when c.conname is null then format('drop index %s', i.indexrelid::regclass)
    else format('alter table public.messages drop constraint %I', c.conname)
  end as take_away,
  case
    when c.conname is null then pg_get_indexdef(i.indexrelid)
    else format('alter table public.messages add constraint %I %s', c.conname, pg_get_constraintdef(c.oid))
  end as make_again
from pg_catalog.pg_index i
join pg_catalog.pg_class x on x.oid = i.indexrelid
left join pg_catalog.pg_constraint c
  on c.conindid = i.indexrelid and c.conrelid = i.indrelid and c.contype in ('p', 'u', 'x')
where i.indrelid = 'public.messages'::regclass
  and i.indisvalid and not i.indisprimary and not i.indisreplident and not i.indisclustered
  and x.reltablespace = 0
  -- The definition of a constraint omits them, that of an index does not.
  and (c.oid is null or x.reloptions is null)
  and not exists (
    select from pg_catalog.pg_attribute a where a.attrelid = i.indexrelid and a.attstattarget >= 0
  )
  and not exists (
    select from pg_catalog.pg_description d
    where (d.classoid, d.objoid) in (
      ('pg_catalog.pg_class'::regclass, i.indexrelid), ('pg_catalog.pg_constraint'::regclass, c.oid)
    )
  )
  and not exists (
    select from pg_catalog.pg_depend d
    where d.deptype = 'n' and (d.refclassid, d.refobjid) in (
      ('pg_catalog.pg_class'::regclass, i.indexrelid), ('pg_catalog.pg_constraint'::regclass, c.oid)
    )
  )
order by i.indexrelid;
