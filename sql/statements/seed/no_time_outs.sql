-- Disable timeouts, as pg_restore does: hosted roles have timeouts that are meant for API requests.
-- Only those that this server supports; PostgreSQL 16 has no transaction_timeout.
select s.name, set_config(s.name, '0', false) as now
from pg_catalog.pg_settings s
where s.name in ('statement_timeout', 'transaction_timeout', 'idle_in_transaction_session_timeout')
order by s.name;
