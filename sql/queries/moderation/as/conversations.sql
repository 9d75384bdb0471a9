-- The conversations of the user that the transaction acts as, as the client lists them: most recent message first.
--   user_id  uuid
select
  c.conversation_id as id, c.organization_id, c.name, c.is_group, c.unread_count, c.is_starred, c.is_muted,
  c.last_read_at, c.last_message_created_at, c.last_message_sender_name, c.last_message_content
from public.get_conversations_with_details(%(user_id)s::uuid) as c;
