-- Undo an action by its inverse; one row for each item, with what became of it.
--   action_id  bigint
--   actor      text
--   reason     text
--   ticket     text  null: none
select o.action, o.action_id, o.id, o.status, o.problem
from moderation.undo(%(action_id)s::bigint, %(actor)s::text, %(reason)s::text, %(ticket)s::text) as o;
