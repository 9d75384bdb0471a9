-- Conversations. For operators.
create or replace view moderation.conversations as
select
  c.id, c.organization_id, c.name, c.is_group, c.created_by, c.created_at, c.updated_at,
  c.last_seq, c.last_message_seq, c.message_count, c.participant_count, c.locked_at, c.lock_reason
from public.conversations c;

revoke all on moderation.conversations from public, anon, authenticated, service_role;
