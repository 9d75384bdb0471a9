-- Cancel the query of a session if it is still waiting.
--   pid  integer
select pg_cancel_backend(%(pid)s::integer) where cardinality(pg_blocking_pids(%(pid)s::integer)) > 0;
