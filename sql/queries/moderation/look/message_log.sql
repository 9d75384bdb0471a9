-- What the log has about a message, oldest first.
--   target  text  message:6f…
select l.id, l.at, l.actor, l.action, l.reason, l.ticket
from moderation.log l
where l.targets @> array[%(target)s::text]
order by l.id;
