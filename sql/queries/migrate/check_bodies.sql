-- Check the bodies of functions, as PostgreSQL does with check_function_bodies: raises an error for a body that
-- refers to a missing object.
--   names  text[]   as written in SQL; unqualified names are resolved with the search path
select case l.lanname when 'sql' then fmgr_sql_validator(p.oid) else plpgsql_validator(p.oid) end
from unnest(%(names)s::text[]) as w (name)
cross join lateral (select parse_ident(w.name)::name[] as parts) as i
join pg_catalog.pg_proc p
  on p.proname = i.parts[cardinality(i.parts)]
  and case cardinality(i.parts)
    when 1 then pg_function_is_visible(p.oid)
    else p.pronamespace = to_regnamespace(quote_ident(i.parts[cardinality(i.parts) - 1]))
  end
join pg_catalog.pg_language l on l.oid = p.prolang and l.lanname in ('sql', 'plpgsql');
