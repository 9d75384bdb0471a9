-- The database roles of operators, by name.
select o.name, o.can_log_in, o.missing, o.surplus || o.elsewhere as surplus
from moderation.operators o
order by o.name;
