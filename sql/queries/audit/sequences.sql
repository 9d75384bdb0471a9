-- How far the sequences have counted: what a rolled-back transaction does not give back.
select format('%s.%s', s.schemaname, s.sequencename) as name, coalesce(s.last_value, 0) as value
from pg_catalog.pg_sequences s
order by name
