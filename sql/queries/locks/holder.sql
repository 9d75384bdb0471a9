-- The session that holds an advisory lock of chatctl in this database.
--   key  bigint
select a.pid, a.application_name, a.usename, a.backend_start at time zone 'utc' as since
from pg_catalog.pg_locks l
join pg_catalog.pg_stat_activity a on a.pid = l.pid
where l.locktype = 'advisory'
  and l.granted
  and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = current_database())
  and (l.classid::bigint << 32) | l.objid::bigint = %(key)s::bigint
limit 1;
