-- Suspend the sender of a reported message, until it is lifted.
--   user_id  uuid
--   actor    text
--   reason   text
--   ticket   text  null: none
select o.action_id, o.id, o.status, o.problem
from moderation.suspend_user(%(user_id)s::uuid, %(actor)s::text, %(reason)s::text, %(ticket)s::text) as o;
