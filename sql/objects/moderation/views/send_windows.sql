-- When each user's last messages were accepted, oldest first, and the limit: how much of it is used, and when the next
-- message is accepted if all of it is. For operators. As window_entries has it, which readers of a view may not call.
create or replace view moderation.send_windows as
select
  u.id as user_id, coalesce(w.sent_at, '{}') as sent_at, l.allowed, l.per,
  coalesce(cardinality(e.counted), 0) as used,
  e.counted[cardinality(e.counted) - l.allowed + 1] + l.per as opens_at
from public.user_profiles u
cross join private.limits l
left join private.send_windows w on w.user_id = u.id
cross join lateral (
  select array_agg(s.at order by s.at) as counted
  from unnest(w.sent_at) as s (at)
  where s.at between now() - l.per and now() + l.per
) e
where l.action = 'message';

revoke all on moderation.send_windows from public, anon, authenticated, service_role;
