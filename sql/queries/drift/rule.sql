-- Rewrite rules on tables and views, except for the rules that implement views.
--   relations  oid[]
select
  quote_ident(r.rulename) || ' on ' || c.oid::regclass::text as name,
  array[case when c.relkind in ('v', 'm') then 'view ' else 'table ' end || c.oid::regclass::text] as parents,
  pg_get_ruledef(r.oid) || case r.ev_enabled
    when 'D' then E'\ndisabled'
    when 'R' then E'\nin replicas only'
    when 'A' then E'\nin replicas, too'
    else ''
  end as definition
from pg_catalog.pg_rewrite r
join pg_catalog.pg_class c on c.oid = r.ev_class
where c.oid = any (%(relations)s::oid[]) and r.rulename <> '_RETURN'
order by name
