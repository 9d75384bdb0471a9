-- The reactions of a user to messages. Reads every message: a user may have left the conversation.
--   user_id  uuid
select m.id as message_id, m.conversation_id, r.entry ->> 'emoji' as emoji
from moderation.messages m
cross join lateral jsonb_array_elements(m.reactions) as r (entry)
where m.reactions @> jsonb_build_array(jsonb_build_object('userId', %(user_id)s::uuid))
  and r.entry ->> 'userId' = %(user_id)s::uuid::text
order by m.conversation_id, m.seq;
