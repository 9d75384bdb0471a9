-- What an operator types to confirm an act on a user: the email, or the id of a user without one.
--   user_id  uuid
select coalesce(u.email, u.id::text) as name
from moderation.users u
where u.id = %(user_id)s::uuid;
