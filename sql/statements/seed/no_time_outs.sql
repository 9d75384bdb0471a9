-- What takes long is not ended for it, as pg_restore sees to: hosted roles have time-outs made for the API's statements.
-- Only those that this server knows; PostgreSQL 16 has no transaction_timeout.
select s.name, set_config(s.name, '0', false) as now
from pg_catalog.pg_settings s
where s.name in ('statement_timeout', 'transaction_timeout', 'idle_in_transaction_session_timeout')
order by s.name;
