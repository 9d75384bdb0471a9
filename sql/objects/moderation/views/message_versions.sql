-- Versions of messages, at which a plan chooses them. For operators.
create or replace view moderation.message_versions as
select v.id, v.organization_id, v.conversation_id, v.sender_id, v.deleted, v.redacted, v.version
from private.message_versions v;

revoke all on moderation.message_versions from public, anon, authenticated, service_role;
