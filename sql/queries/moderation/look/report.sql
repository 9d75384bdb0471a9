-- One report, with the names of the people and the conversation.
--   id  uuid
select
  r.id, r.created_at, r.status, r.kind, r.comment, r.organization_id, o.slug as organization,
  r.conversation_id, coalesce(c.name, 'direct conversation') as conversation,
  r.message_id, r.seq, r.message_state, r.sender_id, r.reporter_id,
  r.claimed_by, r.claimed_at, r.verdict, r.resolved_by, r.resolved_at
from moderation.reports r
left join moderation.organizations o on o.id = r.organization_id
left join moderation.conversations c on c.id = r.conversation_id
where r.id = %(id)s::uuid;
