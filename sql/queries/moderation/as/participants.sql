-- The participants of a conversation that the user that the transaction acts as can read, in the order in which they joined.
--   conversation_id  uuid
select p.user_id as id, u.full_name, u.email, p.joined_at, p.last_read_at
from public.conversation_participants p
left join public.user_profiles u on u.id = p.user_id
where p.conversation_id = %(conversation_id)s::uuid
order by p.joined_at, p.user_id;
