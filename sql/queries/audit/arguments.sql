-- What is needed to call a function; no row if it does not exist. If a signature is not found as written, because its
-- type names differ in this search_path, it is looked up by the names of its types without schemas.
-- `names` (null: unnamed) and `types` (null: polymorphic) describe the input arguments, `outs` has the names of the
-- output arguments of a procedure.
--   signature  text  schema.function(types), quoted
--   name       text  schema.function
--   types      text  types, as in the signature
with plain as (
  select p.oid, regexp_replace(oidvectortypes(p.proargtypes), '("[^"]*"|\w+)\.', '', 'g') as types
  from pg_catalog.pg_proc p
  join pg_catalog.pg_namespace n on n.oid = p.pronamespace
  where format('%%s.%%s', n.nspname, p.proname) = %(name)s::text
),
found as (
  select coalesce(
    to_regprocedure(%(signature)s::text)::oid,
    (select min(oid::bigint)::oid from plain where types = regexp_replace(%(types)s::text, '("[^"]*"|\w+)\.', '', 'g') having count(*) = 1)
  ) as oid
)
select p.prokind::text as kind, coalesce(a.aggkind::text, '') as aggregate, p.pronargdefaults as defaults, p.provariadic <> 0 as variadic,
  p.prorettype = 'record'::regtype and p.proallargtypes is null as nameless,
  array(
    select nullif(all_of.name, '')
    from unnest(coalesce(p.proargmodes, array_fill('i'::"char", array[p.pronargs::integer])), coalesce(p.proargnames, '{}'))
      with ordinality as all_of (mode, name, place)
    where all_of.mode in ('i', 'b', 'v')
    order by all_of.place
  ) as names,
  array(
    select case
      when t.typtype = 'p' then null
      when t.typnamespace = 'pg_catalog'::regnamespace then format_type(t.oid, null)
      when t.typcategory = 'A' and e.oid is not null then format('%%I.%%I[]', en.nspname, e.typname)
      else format('%%I.%%I', tn.nspname, t.typname)
    end
    from unnest(p.proargtypes) with ordinality as taken (type, place)
    join pg_catalog.pg_type t on t.oid = taken.type
    join pg_catalog.pg_namespace tn on tn.oid = t.typnamespace
    left join pg_catalog.pg_type e on e.oid = t.typelem
    left join pg_catalog.pg_namespace en on en.oid = e.typnamespace
    order by taken.place
  ) as types,
  array(
    select coalesce(all_of.name, '')
    from unnest(p.proargmodes, p.proargnames) with ordinality as all_of (mode, name, place)
    where all_of.mode = 'o'
    order by all_of.place
  ) as outs
from found
join pg_catalog.pg_proc p on p.oid = found.oid
left join pg_catalog.pg_aggregate a on a.aggfnoid = p.oid
