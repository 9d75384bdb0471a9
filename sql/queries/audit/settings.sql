-- The current settings of the session: those that any user can change, and those in `names`; null if never set.
--   names  text[]
select s.name, s.setting
from pg_catalog.pg_settings s
where s.context in ('user', 'superuser') and s.name !~ '^transaction_'
union all
select n.name, current_setting(n.name, true)
from unnest(%(names)s::text[]) as n (name)
