-- The messages around a place in a conversation, with what is kept of deleted ones; purged ones have neither sender nor
-- content.
--   conversation_id  uuid
--   seq              bigint
--   around           bigint  so many before it and after it
select
  m.id, m.seq, m.created_at, m.sender_id, coalesce(u.full_name, u.email, m.sender_id::text) as sender,
  case
    when m.deleted_at is null then 'live' when m.redacted_at is not null or m.deleted_content is null
      and m.deleted_attachments is null then 'redacted' else 'deleted'
  end as state,
  coalesce(m.content, m.deleted_content) as content,
  coalesce(m.attachments, m.deleted_attachments, '[]') as attachments
from moderation.messages m
left join moderation.users u on u.id = m.sender_id
where m.conversation_id = %(conversation_id)s::uuid
  and m.seq between %(seq)s::bigint - %(around)s::bigint and %(seq)s::bigint + %(around)s::bigint
union all
select p.message_id, p.seq, p.sent_at, null, null, 'purged', null, '[]'
from moderation.purged_messages p
where p.conversation_id = %(conversation_id)s::uuid
  and p.seq between %(seq)s::bigint - %(around)s::bigint and %(seq)s::bigint + %(around)s::bigint
order by seq;
