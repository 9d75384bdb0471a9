-- The organizations that the caller is a member of. For policies; see my_participations.
create or replace view private.my_organizations
with (security_barrier = true) as
select om.organization_id
from public.organization_members om
where om.user_id = (select private.current_user_id());

revoke all on private.my_organizations from public, anon, authenticated;
grant select on private.my_organizations to authenticated;
