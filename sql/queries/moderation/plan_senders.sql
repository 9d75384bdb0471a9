-- How many of these messages each sender sent, the most first.
--   ids  uuid[]
select m.sender_id as id, coalesce(max(u.full_name), max(u.email), 'nobody') as name, count(*) as messages
from moderation.messages m
left join moderation.users u on u.id = m.sender_id
where m.id = any (%(ids)s::uuid[])
group by m.sender_id
order by messages desc, m.sender_id;
