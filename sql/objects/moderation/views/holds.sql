-- The active holds. For operators.
create or replace view moderation.holds as
select h.id, h.name, h.reason, h.organization_id, h.conversation_id, h.user_id, h.created_at
from private.active_holds h;

revoke all on moderation.holds from public, anon, authenticated, service_role;
