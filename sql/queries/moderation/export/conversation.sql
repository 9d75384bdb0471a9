-- What a conversation is.
--   conversation_id  uuid
select
  c.id, c.name, c.is_group, o.slug as organization, c.organization_id, c.created_by, c.created_at, c.updated_at,
  c.message_count, c.participant_count
from moderation.conversations c
join moderation.organizations o on o.id = c.organization_id
where c.id = %(conversation_id)s::uuid;
