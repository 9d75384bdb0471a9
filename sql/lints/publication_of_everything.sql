-- A publication names its tables.
-- level: error
-- A publication for all tables, or for all tables in a schema, also publishes tables that are created later, before
-- they have policies.
select
  quote_ident(p.pubname) as object,
  'publishes all tables' || case
    when p.puballtables then ''
    else ' in ' || string_agg(quote_ident(n.nspname), ' and ' order by n.nspname)
  end || ', including future ones' as problem,
  case
    when p.puballtables then 'drop the publication, and create it for specific tables'
    else format('alter publication %I set table …', p.pubname)
  end as remedy
from pg_catalog.pg_publication p
left join pg_catalog.pg_publication_namespace s on s.pnpubid = p.oid
left join pg_catalog.pg_namespace n on n.oid = s.pnnspid
where p.puballtables or s.oid is not null
group by p.pubname, p.puballtables
order by object
