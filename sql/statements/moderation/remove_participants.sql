-- Remove participants of a group; one row for each, with what became of it.
--   conversation_id  uuid
--   user_ids         uuid[]
--   actor            text
--   reason           text
--   ticket           text  null: none
select o.action_id, o.id, o.status, o.problem
from moderation.remove_participants(
  %(conversation_id)s::uuid, %(user_ids)s::uuid[], %(actor)s::text, %(reason)s::text, %(ticket)s::text
) as o;
