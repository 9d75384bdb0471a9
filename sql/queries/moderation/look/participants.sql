-- The participants of a conversation, in the order in which they joined. There are at most 50.
--   conversation_id  uuid
select
  p.user_id as id, u.full_name as name, u.email, coalesce(p.user_id = c.created_by, false) as is_creator, p.is_member,
  u.is_suspended as suspended, p.joined_at, p.last_read_at, p.unread_count as unread, p.is_starred, p.is_muted
from moderation.participants p
join moderation.conversations c on c.id = p.conversation_id
join moderation.users u on u.id = p.user_id
where p.conversation_id = %(conversation_id)s::uuid
order by p.joined_at, p.user_id;
