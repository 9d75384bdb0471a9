-- Create a hold on an organization, a conversation or a user.
--   name             text
--   organization_id  uuid  exactly one of these three is not null
--   conversation_id  uuid
--   user_id          uuid
--   actor            text
--   reason           text
--   ticket           text  null: none
select moderation.create_hold(
  %(name)s::text, %(actor)s::text, %(reason)s::text, %(ticket)s::text,
  %(organization_id)s::uuid, %(conversation_id)s::uuid, %(user_id)s::uuid
);
