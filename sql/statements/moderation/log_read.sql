-- Log that an operator is about to read what users wrote.
--   command    text
--   targets    text[]  for example {conversation:6f…}
--   arguments  jsonb   the filters; no user is named in them
--   actor      text
--   reason     text
--   ticket     text    null: none
select moderation.log_read(
  %(command)s::text, %(targets)s::text[], %(arguments)s::jsonb, %(actor)s::text, %(reason)s::text, %(ticket)s::text
);
