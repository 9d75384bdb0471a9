-- The ids of the messages that reports are about.
--   ids  uuid[]
select distinct r.message_id
from moderation.reports r
where r.id = any (%(ids)s::uuid[]);
