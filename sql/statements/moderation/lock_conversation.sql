-- Lock a conversation.
--   conversation_id  uuid
--   visible_reason   text  what its participants are told
--   actor            text
--   reason           text
--   ticket           text  null: none
select o.action_id, o.id, o.status, o.problem
from moderation.lock_conversation(
  %(conversation_id)s::uuid, %(visible_reason)s::text, %(actor)s::text, %(reason)s::text, %(ticket)s::text
) as o;
