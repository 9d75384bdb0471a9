-- Functions, procedures and aggregates: everything that `create function` defines.
--   functions  oid[]
--   owner      oid
select
  p.oid::regprocedure::text as name,
  array['schema ' || p.pronamespace::regnamespace::text] as parents,
  'owner: ' || case p.proowner when %(owner)s::oid then 'owner' else p.proowner::regrole::text end || E'\n'
    || case p.prokind
      -- pg_get_functiondef does not support aggregates.
      when 'a' then (
        select concat_ws(E'\n',
          'aggregate returning ' || pg_get_function_result(p.oid),
          'transition ' || a.aggtransfn::regprocedure::text || ' on ' || format_type(a.aggtranstype, null),
          'initially ' || quote_literal(a.agginitval),
          'final ' || nullif(a.aggfinalfn, 0)::regprocedure::text
        )
        from pg_catalog.pg_aggregate a
        where a.aggfnoid = p.oid
      )
      else pg_get_functiondef(p.oid)
    end as definition
from pg_catalog.pg_proc p
where p.oid = any (%(functions)s::oid[])
order by name
