-- Repair a conversation; one row for each change.
--   conversation_id  uuid
--   actor            text
--   reason           text
--   ticket           text  null: none
select o.action_id, o.what, o.user_id, o.was, o.becomes
from moderation.repair_conversation(%(conversation_id)s::uuid, %(actor)s::text, %(reason)s::text, %(ticket)s::text) as o;
