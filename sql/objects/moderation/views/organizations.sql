-- Organizations. For operators.
create or replace view moderation.organizations as
select o.id, o.name, o.slug, o.created_at
from public.organizations o;

revoke all on moderation.organizations from public, anon, authenticated, service_role;
