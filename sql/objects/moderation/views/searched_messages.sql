-- The messages that `message search` and the selectors of acts look through: those that are not deleted, and, with the same
-- columns, what is kept of the deleted ones. For operators.
create or replace view moderation.live_messages as
select
  m.id, m.organization_id, m.conversation_id, m.sender_id, m.content, m.attachments, m.created_at,
  null::timestamptz as deleted_at
from public.messages m
where m.deleted_at is null;

create or replace view moderation.deleted_messages as
select
  m.id, m.organization_id, m.conversation_id, m.sender_id, d.content, d.attachments, m.created_at,
  m.deleted_at
from public.messages m
left join private.deleted_messages d on d.message_id = m.id
where m.deleted_at is not null;

revoke all on moderation.live_messages from public, anon, authenticated, service_role;
revoke all on moderation.deleted_messages from public, anon, authenticated, service_role;
