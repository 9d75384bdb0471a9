-- The versions of messages, in the order of their ids in the list.
--   ids  uuid[]
select v.id, v.version
from unnest(%(ids)s::uuid[]) with ordinality as n (id, place)
join moderation.message_versions v on v.id = n.id
order by n.place;
