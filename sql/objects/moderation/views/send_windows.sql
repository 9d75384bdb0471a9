-- When each user's last messages were accepted, oldest first, and the limit. For operators.
create or replace view moderation.send_windows as
select w.user_id, w.sent_at, l.allowed, l.per
from private.send_windows w
cross join private.limits l
where l.action = 'message';

revoke all on moderation.send_windows from public, anon, authenticated, service_role;
