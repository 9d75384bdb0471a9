-- Give a role what an operator needs. The id of the action in the log; null if nothing was changed.
--   role    text
--   actor   text
--   reason  text
--   ticket  text  null: none
select private.grant_operator(%(role)s::text, %(actor)s::text, %(reason)s::text, %(ticket)s::text);
