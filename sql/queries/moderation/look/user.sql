-- One user, and how much of the rate limit is used.
--   id  uuid
select
  u.id, u.full_name as name, u.email, u.created_at, s.messages, s.deleted, s.last_sent_at, r.last_read_at,
  u.is_suspended as suspended, u.suspension_reason, u.suspended_at, u.suspended_until,
  coalesce(w.used, 0) as messages_used, w.allowed as messages_allowed, w.per as messages_per, w.opens_at as window_opens_at,
  array(select h.name from moderation.holds h where h.user_id = u.id order by h.created_at, h.name) as holds
from moderation.users u
join moderation.send_windows w on w.user_id = u.id
cross join lateral (
  select count(*) as messages, count(m.deleted_at) as deleted, max(m.created_at) as last_sent_at
  from moderation.messages m
  where m.sender_id = u.id
) s
cross join lateral (
  select max(p.last_read_at) as last_read_at from moderation.participants p where p.user_id = u.id
) r
where u.id = %(id)s::uuid;
