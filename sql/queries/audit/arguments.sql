-- The arguments of a function, in order; no row when there is no such function.
--   signature  text  schema.function(types)
select coalesce(p.proargnames[1 : p.pronargs], '{}') as names,
  array(select format_type(t.type, null) from unnest(p.proargtypes) with ordinality as t (type, position) order by t.position) as types
from pg_catalog.pg_proc p
where p.oid = to_regprocedure(%(signature)s::text)
