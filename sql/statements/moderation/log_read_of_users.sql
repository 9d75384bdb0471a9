-- Log that an operator is about to read what concerns users.
--   command    text
--   user_ids   uuid[]
--   targets    text[]  what else is read, for example {conversation:6f…}
--   arguments  jsonb   the filters; no user is named in them
--   actor      text
--   reason     text
--   ticket     text    null: none
select moderation.log_read_of_users(
  %(command)s::text, %(user_ids)s::uuid[], %(targets)s::text[], %(arguments)s::jsonb,
  %(actor)s::text, %(reason)s::text, %(ticket)s::text
);
