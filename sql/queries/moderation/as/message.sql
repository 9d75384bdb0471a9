-- A message as the user that the transaction acts as can read it; no row if it cannot.
--   id  uuid
select
  m.id, m.conversation_id, m.organization_id, m.seq, m.created_at, m.updated_at, m.deleted_at, m.sender_id,
  (select p.full_name from public.user_profiles p where p.id = m.sender_id) as sender_full_name,
  m.content, m.attachments, m.reactions
from public.messages m
where m.id = %(id)s::uuid;
