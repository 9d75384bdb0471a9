-- Where a user is muted now: everywhere if both names are null.
--   user_id  uuid
select
  o.slug as organization, m.conversation_id, c.name as conversation, m.reason, m.muted_at as since, m.muted_until as until
from moderation.mutes m
left join moderation.organizations o on o.id = m.organization_id
left join moderation.conversations c on c.id = m.conversation_id
where m.user_id = %(user_id)s::uuid
order by m.muted_at, m.organization_id, m.conversation_id;
