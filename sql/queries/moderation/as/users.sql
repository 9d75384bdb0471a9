-- The users that the user that the transaction acts as can read: itself and its colleagues.
--   count  bigint  at most so many
select u.id, u.full_name, u.email, u.avatar_url
from public.user_profiles u
order by u.full_name, u.email, u.id
limit %(count)s::bigint;
