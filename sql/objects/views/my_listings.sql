-- The conversations that list the caller, each with every organization that the caller is a member of: for rows that know
-- the organization of their conversation, as messages do by their foreign key. Compared by both, they are those of
-- my_participations. Looking up the conversation is left out, since it would take longer than the rest of the policy.
create or replace view private.my_listings
with (security_barrier = true) as
select cp.conversation_id, om.organization_id
from public.conversation_participants cp
join public.organization_members om on om.user_id = cp.user_id
where cp.user_id = (select private.current_user_id());

revoke all on private.my_listings from public, anon, authenticated;
grant select on private.my_listings to authenticated;
