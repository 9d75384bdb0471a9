-- Erase a user; one row for each table with something of them, with what became of it.
--   user_id   uuid
--   messages  text  keep, anonymize or delete
--   actor     text
--   reason    text
--   ticket    text  null: none
select o.action_id, o.place, o.number, o.becomes
from moderation.erase_user(%(user_id)s::uuid, %(messages)s::text, %(actor)s::text, %(reason)s::text, %(ticket)s::text) as o;
