-- Members of organizations. For operators.
create or replace view moderation.members as
select m.organization_id, m.user_id, m.role, m.joined_at
from public.organization_members m;

revoke all on moderation.members from public, anon, authenticated, service_role;
