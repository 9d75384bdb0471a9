-- What some of these messages say, kept content included.
--   ids  uuid[]
select m.id, m.created_at, coalesce(u.full_name, u.email) as sender, coalesce(m.content, m.deleted_content) as content
from moderation.messages m
left join moderation.users u on u.id = m.sender_id
where m.id = any (%(ids)s::uuid[])
order by m.created_at, m.id;
