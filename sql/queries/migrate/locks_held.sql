-- The locks that this transaction holds on tables and views.
select l.relation, l.mode
from pg_catalog.pg_locks l
where l.pid = pg_backend_pid() and l.locktype = 'relation' and l.granted and l.database <> 0;
