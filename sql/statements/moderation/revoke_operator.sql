-- Take from a role what makes it an operator's. The id of the action in the log; null if nothing was changed.
--   role    text
--   actor   text
--   reason  text
--   ticket  text  null: none
select private.revoke_operator(%(role)s::text, %(actor)s::text, %(reason)s::text, %(ticket)s::text);
