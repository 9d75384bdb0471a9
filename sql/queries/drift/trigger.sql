-- Triggers on our tables and views, and our triggers on Supabase's tables.
--   relations  oid[]
--   managed    oid[]
select
  quote_ident(t.tgname) || ' on ' || c.oid::regclass::text as name,
  array[case c.relkind when 'v' then 'view ' else 'table ' end || c.oid::regclass::text] as parents,
  pg_get_triggerdef(t.oid) || case t.tgenabled
    when 'D' then E'\ndisabled'
    when 'R' then E'\nin replicas only'
    when 'A' then E'\nin replicas, too'
    else ''
  end as definition
from pg_catalog.pg_trigger t
join pg_catalog.pg_class c on c.oid = t.tgrelid
where not t.tgisinternal and t.tgparentid = 0
  and (c.oid = any (%(relations)s::oid[]) or c.oid = any (%(managed)s::oid[]))
  and t.oid not in (select unnest(string_to_array(current_setting('chatctl.platform_triggers'), ',')::oid[]))
order by name
