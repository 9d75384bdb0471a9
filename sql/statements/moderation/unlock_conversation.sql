-- Unlock a conversation.
--   conversation_id  uuid
--   actor            text
--   reason           text
--   ticket           text  null: none
select o.action_id, o.id, o.status, o.problem
from moderation.unlock_conversation(%(conversation_id)s::uuid, %(actor)s::text, %(reason)s::text, %(ticket)s::text) as o;
