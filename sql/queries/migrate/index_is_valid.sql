-- Whether a table has a valid index of this name.
--   relation  text   the table
--   name      text
select exists (
  select from pg_catalog.pg_index i
  join pg_catalog.pg_class c on c.oid = i.indexrelid
  where i.indisvalid
    and i.indrelid = to_regclass(%(relation)s::text)
    and c.relname = (parse_ident(%(name)s::text)::name[])[1]
);
