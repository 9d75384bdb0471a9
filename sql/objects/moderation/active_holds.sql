-- The active holds for operators.
create or replace view moderation.holds as
select
  h.id, h.name, h.reason, h.organization_id, h.conversation_id, h.user_id, h.created_at,
  (
    select count(*)
    from public.messages m
    where m.organization_id = h.organization_id or m.conversation_id = h.conversation_id or m.sender_id = h.user_id
  ) as messages
from private.active_holds h;

revoke all on moderation.holds from public, anon, authenticated, service_role;
