-- In a transaction that has just begun: keep the lock of the migration until it ends, even if a file gives up all
-- locks of the session; and whether there are constraints that may be checked later than their statement.
--   lock  bigint
select
  pg_try_advisory_xact_lock(%(lock)s::bigint) as kept,
  exists (select from pg_catalog.pg_constraint c where c.condeferrable) as defers;
