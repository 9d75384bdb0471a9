-- The functions that access.yaml names, as written there; the oid is null if a function does not exist.
--   names   text[]
--   quoted  text[]  the same as SQL
select n.name, to_regprocedure(n.quoted)::oid as oid
from unnest(%(names)s::text[], %(quoted)s::text[]) as n (name, quoted)
order by n.name
