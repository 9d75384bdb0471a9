-- Whether deleting a row of the table deletes or changes rows of other tables.
--   relation  text  schema.table
select exists (
  select from pg_catalog.pg_constraint c
  where c.confrelid = to_regclass(%(relation)s::text) and c.contype = 'f' and c.confdeltype in ('c', 'n', 'd')
)
