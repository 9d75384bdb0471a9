-- The settings of the session as they are: those that anybody may change, and those called so; null for one that was never made.
--   names  text[]
select s.name, s.setting
from pg_catalog.pg_settings s
where s.context in ('user', 'superuser') and s.name !~ '^transaction_'
union all
select n.name, current_setting(n.name, true)
from unnest(%(names)s::text[]) as n (name)
