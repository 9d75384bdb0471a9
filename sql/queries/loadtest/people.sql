-- The users to impersonate: those in the most conversations, who see the longest lists.
--   people  integer  the maximum number
select cp.user_id
from public.conversation_participants cp
join public.conversations c on c.id = cp.conversation_id
join public.organization_members om on om.organization_id = c.organization_id and om.user_id = cp.user_id
where not exists (select from private.suspensions s where s.user_id = cp.user_id)
group by cp.user_id
order by count(*) desc, cp.user_id
limit %(people)s::integer;
