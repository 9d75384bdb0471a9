-- Conversations; has_creator: whether anybody manages it, see private.creator_of. For operators.
create or replace view moderation.conversations as
select
  c.id, c.organization_id, c.name, c.is_group, c.created_by, c.created_at, c.updated_at,
  c.last_seq, c.last_message_seq, c.message_count, c.participant_count,
  exists (
    select from private.participations p where p.conversation_id = c.id and p.user_id = c.created_by
  ) as has_creator, c.locked_at, c.lock_reason
from public.conversations c;

revoke all on moderation.conversations from public, anon, authenticated, service_role;
