-- Read the bodies of functions as PostgreSQL does when it is not told to wait: it raises for one that names what
-- is not there.
--   names  text[]   schema.name, as SQL writes them
select case l.lanname when 'sql' then fmgr_sql_validator(p.oid) else plpgsql_validator(p.oid) end
from unnest(%(names)s::text[]) as w (name)
join pg_catalog.pg_proc p
  on p.proname = (parse_ident(w.name))[2] and p.pronamespace = to_regnamespace(quote_ident((parse_ident(w.name))[1]))
join pg_catalog.pg_language l on l.oid = p.prolang and l.lanname in ('sql', 'plpgsql');
