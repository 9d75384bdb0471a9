-- The people who share an organization with the caller. For policies; see my_participations.
create or replace view private.my_colleagues
with (security_barrier = true) as
select colleague.user_id
from public.organization_members me
join public.organization_members colleague on colleague.organization_id = me.organization_id
where me.user_id = (select private.current_user_id());

revoke all on private.my_colleagues from public, anon, authenticated;
grant select on private.my_colleagues to authenticated;
