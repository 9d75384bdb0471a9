-- The profile of a user.
--   user_id  uuid
select u.id, u.email, u.full_name, u.avatar_url, u.created_at, u.updated_at, u.suspended_at, u.suspended_until
from moderation.users u
where u.id = %(user_id)s::uuid;
