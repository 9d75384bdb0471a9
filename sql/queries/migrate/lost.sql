-- The objects of object files that do not exist. The casts to name truncate long names, as PostgreSQL does.
--   kinds   text[]   function, view, trigger or policy
--   names   text[]   as written in SQL
--   tables  text[]   null if it does not belong to a table
select w.kind, w.name, w.table_name
from unnest(%(kinds)s::text[], %(names)s::text[], %(tables)s::text[]) as w (kind, name, table_name)
where case w.kind
  when 'function' then not exists (
    select from pg_catalog.pg_proc p
    where p.proname = (parse_ident(w.name)::name[])[cardinality(parse_ident(w.name))]
      and (cardinality(parse_ident(w.name)) = 1 or p.pronamespace::regnamespace::text = quote_ident((parse_ident(w.name))[1]))
  )
  when 'view' then to_regclass(w.name) is null
  when 'trigger' then not exists (
    select from pg_catalog.pg_trigger t
    where t.tgrelid = to_regclass(w.table_name) and t.tgname = (parse_ident(w.name)::name[])[1]
  )
  when 'policy' then not exists (
    select from pg_catalog.pg_policy p
    where p.polrelid = to_regclass(w.table_name) and p.polname = (parse_ident(w.name)::name[])[1]
  )
end;
