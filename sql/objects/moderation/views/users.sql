-- Users, with their suspension if there is one. For operators.
create or replace view moderation.users as
select
  u.id, u.email, u.full_name, u.avatar_url, u.created_at, u.updated_at,
  s.reason as suspension_reason, s.suspended_at, s.suspended_until,
  exists (select from private.suspended n where n.user_id = u.id) as is_suspended,
  s.visible_reason as suspension_visible_reason
from public.user_profiles u
left join private.suspensions s on s.user_id = u.id;

revoke all on moderation.users from public, anon, authenticated, service_role;
