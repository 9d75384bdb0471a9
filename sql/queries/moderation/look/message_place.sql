-- Where a message is, or was before it was purged.
--   id  uuid
select m.conversation_id, m.seq
from moderation.messages m
where m.id = %(id)s::uuid
union all
select p.conversation_id, p.seq
from moderation.purged_messages p
where p.message_id = %(id)s::uuid;
