-- Messages, with what is kept of deleted ones; state is sent, deleted or redacted. For operators.
create or replace view moderation.messages as
select
  m.id, m.organization_id, m.conversation_id, m.seq, m.sender_id, m.content, m.attachments, m.reactions,
  m.created_at, m.updated_at, m.deleted_at,
  d.deleted_by, d.redacted_at,
  d.content as deleted_content, d.attachments as deleted_attachments, d.reactions as deleted_reactions,
  case
    when m.deleted_at is null then 'sent'
    when d.message_id is null or d.redacted_at is not null then 'redacted'
    else 'deleted'
  end as state
from public.messages m
left join private.deleted_messages d on d.message_id = m.id;

revoke all on moderation.messages from public, anon, authenticated, service_role;
