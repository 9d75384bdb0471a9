-- The messages of a conversation, oldest first.
--   conversation_id  uuid
--   with_deleted     boolean  also what is kept of deleted messages
select
  m.id, m.seq, m.created_at, m.updated_at, m.deleted_at, m.redacted_at, m.sender_id, u.full_name as sender_name,
  case when %(with_deleted)s::boolean then coalesce(m.content, m.deleted_content) else m.content end as content,
  case when %(with_deleted)s::boolean then coalesce(m.attachments, m.deleted_attachments) else m.attachments end as attachments,
  case when %(with_deleted)s::boolean and m.deleted_at is not null then m.deleted_reactions else m.reactions end as reactions
from moderation.messages m
left join moderation.users u on u.id = m.sender_id
where m.conversation_id = %(conversation_id)s::uuid
order by m.seq;
