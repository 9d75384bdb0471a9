-- The functions that access.yaml names, as its author wrote them; null for what is not there.
--   names  text[]
select n.name, to_regprocedure(n.name)::oid as oid
from unnest(%(names)s::text[]) as n (name)
order by n.name
