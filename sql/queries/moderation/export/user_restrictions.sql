-- The suspension and the mutes of a user that are in force, with the reasons that the user may see.
--   user_id  uuid
select
  'suspended' as restriction, null::uuid as organization_id, null::uuid as conversation_id, u.suspended_at as since,
  u.suspended_until as until, u.suspension_visible_reason as visible_reason
from moderation.users u
where u.id = %(user_id)s::uuid and u.is_suspended
union all
select 'muted', m.organization_id, m.conversation_id, m.muted_at, m.muted_until, m.visible_reason
from moderation.mutes m
where m.user_id = %(user_id)s::uuid
order by since, restriction, organization_id, conversation_id;
