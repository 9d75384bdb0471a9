-- The purged messages of a conversation, which explain the gaps in its seqs.
--   conversation_id  uuid
select p.message_id, p.seq, p.sent_at, p.purged_at
from moderation.purged_messages p
where p.conversation_id = %(conversation_id)s::uuid
order by p.seq;
