-- Log that an operator is about to search messages.
--   command          text
--   organization_id  uuid   null: any
--   conversation_id  uuid   null: any
--   sender_id        uuid   null: anybody
--   arguments        jsonb  the other filters; no user is named in them
--   text             text   of which the log gets a hash; null: none
--   regex            text   the same
--   actor            text
--   reason           text
--   ticket           text   null: none
select moderation.log_search(
  %(command)s::text, %(organization_id)s::uuid, %(conversation_id)s::uuid, %(sender_id)s::uuid, %(arguments)s::jsonb,
  %(text)s::text, %(regex)s::text, %(actor)s::text, %(reason)s::text, %(ticket)s::text
);
