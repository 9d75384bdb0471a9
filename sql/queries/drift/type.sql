-- Enums, domains, composite types and ranges.
--   types  oid[]
--   owner  oid
select
  t.oid::regtype::text as name,
  array['schema ' || t.typnamespace::regnamespace::text] as parents,
  concat_ws(E'\n',
    'owner: ' || case t.typowner when %(owner)s::oid then 'owner' else t.typowner::regrole::text end,
    case t.typtype
      when 'e' then 'enum' || (
        select string_agg(E'\n' || quote_literal(e.enumlabel), '' order by e.enumsortorder)
        from pg_catalog.pg_enum e
        where e.enumtypid = t.oid
      )
      when 'c' then 'composite' || (
        select coalesce(string_agg(
          E'\n' || quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod), '' order by a.attnum
        ), '')
        from pg_catalog.pg_attribute a
        where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
      )
      when 'r' then (
        select 'range of ' || format_type(r.rngsubtype, null)
        from pg_catalog.pg_range r
        where r.rngtypid = t.oid
      )
      else concat_ws(' ',
        'domain over ' || format_type(t.typbasetype, t.typtypmod),
        case when t.typnotnull then 'not null' end,
        'default ' || t.typdefault
      )
    end,
    (
      select string_agg(
        'constraint ' || quote_ident(c.conname) || ' ' || pg_get_constraintdef(c.oid), E'\n' order by c.conname
      )
      from pg_catalog.pg_constraint c
      where c.contypid = t.oid and c.contype <> 'n'
    )
  ) as definition
from pg_catalog.pg_type t
where t.oid = any (%(types)s::oid[])
order by name
