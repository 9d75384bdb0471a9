-- What is known of purged messages. For operators.
create or replace view moderation.purged_messages as
select p.message_id, p.conversation_id, p.seq, p.sent_at, p.purged_at
from private.purged_messages p;

revoke all on moderation.purged_messages from public, anon, authenticated, service_role;
