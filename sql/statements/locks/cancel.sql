-- End what a session waits for, if it still waits.
--   pid  integer
select pg_cancel_backend(%(pid)s::integer) where cardinality(pg_blocking_pids(%(pid)s::integer)) > 0;
