-- The oldest session that blocks a waiting session, and whether the waiting session, directly or through others, also
-- blocks that one (a deadlock).
--   pid  integer   of the waiting session
with recursive blocking as (
  select unnest(pg_blocking_pids(%(pid)s::integer)) as pid
  union
  select unnest(pg_blocking_pids(b.pid)) from blocking b
)
select
  l.relation::regclass::text as relation,
  l.mode,
  a.pid,
  a.application_name,
  a.usename,
  a.backend_type,
  a.state,
  a.xact_start as since,
  a.query,
  exists (select from blocking b where b.pid = %(pid)s::integer) as deadlocked
from unnest(pg_blocking_pids(%(pid)s::integer)) as b (pid)
join pg_catalog.pg_stat_activity a on a.pid = b.pid
join pg_catalog.pg_locks l on l.pid = %(pid)s::integer and not l.granted
order by a.xact_start nulls last
limit 1;
