-- Suspend a user.
--   user_id         uuid
--   until           timestamptz  null: until it is lifted
--   visible_reason  text         null: the user is told no reason
--   actor           text
--   reason          text
--   ticket          text         null: none
select o.action_id, o.id, o.status, o.problem
from moderation.suspend_user(
  %(user_id)s::uuid, %(actor)s::text, %(reason)s::text, %(ticket)s::text, %(until)s::timestamptz, %(visible_reason)s::text
) as o;
