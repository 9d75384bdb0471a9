-- The conversations that list the caller, combined with each organization that the caller is a member of. For rows that
-- know the organization of their conversation, as messages do: compared by both columns, these are my_participations.
-- Looking up the conversation would take longer than the rest of the policy.
create or replace view private.my_listings
with (security_barrier = true) as
select cp.conversation_id, om.organization_id
from public.conversation_participants cp
join public.organization_members om on om.user_id = cp.user_id
where cp.user_id = (select private.current_user_id());

revoke all on private.my_listings from public, anon, authenticated;
grant select on private.my_listings to authenticated;
