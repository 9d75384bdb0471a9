-- Who takes part in which conversation: listed, and still a member of its organization.
create or replace view private.participations as
select cp.conversation_id, c.organization_id, cp.user_id
from public.conversation_participants cp
join public.conversations c on c.id = cp.conversation_id
join public.organization_members om on om.organization_id = c.organization_id and om.user_id = cp.user_id;

-- The conversations that the caller takes part in, now; a suspended caller in none. What the policies ask, so that they
-- need neither refer to themselves (42P17) nor call a function per row. Runs as its owner on purpose (no
-- security_invoker) and shows the caller's own rows only; the schema is not exposed.
create or replace view private.my_participations
with (security_barrier = true) as
select p.conversation_id, p.organization_id
from private.participations p
where p.user_id = (select private.current_user_id());

revoke all on private.participations from public, anon, authenticated;
revoke all on private.my_participations from public, anon, authenticated;
grant select on private.my_participations to authenticated;
