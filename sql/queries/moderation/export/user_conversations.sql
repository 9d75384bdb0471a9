-- The conversations that a user takes part in, with the user's own marks.
--   user_id  uuid
select
  p.conversation_id, c.organization_id, c.name, c.is_group, c.created_by = p.user_id as created_it, p.joined_at,
  p.last_read_at, p.is_starred, p.is_muted
from moderation.participants p
join moderation.conversations c on c.id = p.conversation_id
where p.user_id = %(user_id)s::uuid
order by p.joined_at, p.conversation_id;
