-- Messages of a conversation in their order, with stubs of purged ones.
--   conversation_id  uuid
--   first_seq        bigint
--   end_seq          bigint   the seq after the last one
--   with_deleted     boolean  with what is kept of deleted ones
select
  m.id, m.conversation_id, m.seq, m.sender_id, u.full_name as sender_name, u.email as sender_email, m.state,
  m.created_at, m.updated_at, m.deleted_at, m.deleted_by, m.redacted_at,
  case when %(with_deleted)s::boolean then coalesce(m.content, m.deleted_content) else m.content end as content,
  case when %(with_deleted)s::boolean then coalesce(m.attachments, m.deleted_attachments) else m.attachments end as attachments,
  case when %(with_deleted)s::boolean then coalesce(m.deleted_reactions, m.reactions) else m.reactions end as reactions
from moderation.messages m
left join moderation.users u on u.id = m.sender_id
where m.conversation_id = %(conversation_id)s::uuid and m.seq >= %(first_seq)s::bigint and m.seq < %(end_seq)s::bigint
union all
select
  p.message_id, p.conversation_id, p.seq, null, null, null, 'purged',
  p.sent_at, p.purged_at, p.purged_at, null, null, null, null, '[]'
from moderation.purged_messages p
where p.conversation_id = %(conversation_id)s::uuid and p.seq >= %(first_seq)s::bigint and p.seq < %(end_seq)s::bigint
order by seq;
