-- The messages that a user sent, conversation by conversation. Not the reactions to them, which are other people's.
--   user_id       uuid
--   with_deleted  boolean  also what is kept of deleted messages
select
  m.id, m.conversation_id, m.seq, m.created_at, m.updated_at, m.deleted_at, m.redacted_at,
  case when %(with_deleted)s::boolean then coalesce(m.content, m.deleted_content) else m.content end as content,
  case when %(with_deleted)s::boolean then coalesce(m.attachments, m.deleted_attachments) else m.attachments end as attachments
from moderation.messages m
where m.sender_id = %(user_id)s::uuid
order by m.conversation_id, m.seq;
