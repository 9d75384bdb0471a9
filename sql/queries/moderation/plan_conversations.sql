-- How many of these messages are in each conversation, the most first.
--   ids  uuid[]
select m.conversation_id as id, coalesce(max(c.name), 'direct conversation') as name, count(*) as messages
from moderation.messages m
join moderation.conversations c on c.id = m.conversation_id
where m.id = any (%(ids)s::uuid[])
group by m.conversation_id
order by messages desc, m.conversation_id;
