-- Who takes part in the conversation of a message, and since when they could see it: a participant sees what was sent
-- before, too.
--   conversation_id  uuid
--   seq              bigint
--   sender_id        uuid         has read it; null: erased
--   sent_at          timestamptz
select
  p.user_id as id, u.full_name as name, u.email, greatest(p.joined_at, %(sent_at)s::timestamptz) as could_see_since,
  p.joined_at <= %(sent_at)s::timestamptz as at_the_time,
  coalesce(p.last_read_seq >= %(seq)s::bigint, false) or coalesce(p.user_id = %(sender_id)s::uuid, false) as has_read,
  p.is_member
from moderation.participants p
join moderation.users u on u.id = p.user_id
where p.conversation_id = %(conversation_id)s::uuid
order by could_see_since, u.full_name, p.user_id;
