-- Lift the mute of a user in one place.
--   user_id          uuid
--   organization_id  uuid  at most one of these two is not null
--   conversation_id  uuid
--   actor            text
--   reason           text
--   ticket           text  null: none
select o.action_id, o.id, o.status, o.problem
from moderation.unmute_user(
  %(user_id)s::uuid, %(actor)s::text, %(reason)s::text, %(ticket)s::text,
  %(organization_id)s::uuid, %(conversation_id)s::uuid
) as o;
