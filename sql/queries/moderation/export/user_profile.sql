-- The profile of a user.
--   user_id  uuid
select u.id, u.email, u.full_name, u.avatar_url, u.created_at, u.updated_at
from moderation.users u
where u.id = %(user_id)s::uuid;
