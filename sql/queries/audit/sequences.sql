-- The current values of all sequences, which a rollback does not restore.
select format('%s.%s', s.schemaname, s.sequencename) as name, coalesce(s.last_value, 0) as value
from pg_catalog.pg_sequences s
order by name
