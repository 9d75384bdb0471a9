-- Release a hold.
--   name    text
--   actor   text
--   reason  text
--   ticket  text  null: none
select moderation.release_hold(%(name)s::text, %(actor)s::text, %(reason)s::text, %(ticket)s::text);
