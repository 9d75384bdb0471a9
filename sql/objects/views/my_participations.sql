-- Who takes part in which conversation: participants who are still members of its organization.
create or replace view private.participations as
select cp.conversation_id, c.organization_id, cp.user_id
from public.conversation_participants cp
join public.conversations c on c.id = cp.conversation_id
join public.organization_members om on om.organization_id = c.organization_id and om.user_id = cp.user_id;

-- The conversations that the caller takes part in; none for a suspended caller. Policies use it, so that they neither
-- refer to themselves (42P17) nor call a function per row. Runs as its owner on purpose (no security_invoker), and shows
-- only the caller's rows; the schema is not exposed.
create or replace view private.my_participations
with (security_barrier = true) as
select p.conversation_id, p.organization_id
from private.participations p
where p.user_id = (select private.current_user_id());

revoke all on private.participations from public, anon, authenticated;
revoke all on private.my_participations from public, anon, authenticated;
grant select on private.my_participations to authenticated;
