-- Mute a user: everywhere, or in an organization or a conversation.
--   user_id          uuid
--   organization_id  uuid         at most one of these two is not null
--   conversation_id  uuid
--   until            timestamptz  null: until it is lifted
--   visible_reason   text         null: the user is told no reason
--   actor            text
--   reason           text
--   ticket           text         null: none
select o.action_id, o.id, o.status, o.problem
from moderation.mute_user(
  %(user_id)s::uuid, %(actor)s::text, %(reason)s::text, %(ticket)s::text,
  %(organization_id)s::uuid, %(conversation_id)s::uuid, %(until)s::timestamptz, %(visible_reason)s::text
) as o;
