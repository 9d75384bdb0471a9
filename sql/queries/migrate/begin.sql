-- At the start of a transaction: hold the migration lock until its end, even if a file releases all session-level
-- locks; and return whether there are deferrable constraints.
--   lock  bigint
select
  pg_try_advisory_xact_lock(%(lock)s::bigint) as kept,
  exists (select from pg_catalog.pg_constraint c where c.condeferrable) as defers;
