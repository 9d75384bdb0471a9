-- The conversations that list the caller, each with every organization that the caller is a member of. A row that knows
-- the organization of its conversation, as messages do by their foreign key, is thereby one of my_participations; this
-- does not look up the conversation, which takes longer than all the rest of a policy.
create or replace view private.my_listings
with (security_barrier = true) as
select cp.conversation_id, om.organization_id
from public.conversation_participants cp
join public.organization_members om on om.user_id = cp.user_id
where cp.user_id = (select private.current_user_id());

revoke all on private.my_listings from public, anon, authenticated;
grant select on private.my_listings to authenticated;
