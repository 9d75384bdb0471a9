-- What a user's access token says, and whether the user is suspended now.
--   user_id  uuid
select private.claims_of(u.id) as claims, u.is_suspended as suspended
from moderation.users u
where u.id = %(user_id)s::uuid;
