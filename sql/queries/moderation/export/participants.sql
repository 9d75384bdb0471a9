-- The participants of a conversation, in the order in which they joined.
--   conversation_id  uuid
select p.user_id, u.full_name, u.email, p.joined_at, p.last_read_at, p.last_read_seq, p.is_member
from moderation.participants p
left join moderation.users u on u.id = p.user_id
where p.conversation_id = %(conversation_id)s::uuid
order by p.joined_at, p.user_id;
