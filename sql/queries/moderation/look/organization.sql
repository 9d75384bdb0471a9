-- One organization. Its messages are those that are not deleted.
--   id  uuid
select
  o.id, o.slug, o.name, o.created_at, m.people, m.owners, m.admins, m.suspended, c.conversations, c.groups,
  c.without_creator, c.messages, c.last_activity_at,
  array(
    select h.name from moderation.holds h where h.organization_id = o.id order by h.created_at, h.name
  ) as holds
from moderation.organizations o
cross join lateral (
  select
    count(*) as people,
    count(*) filter (where m.role = 'owner') as owners,
    count(*) filter (where m.role = 'admin') as admins,
    count(*) filter (where u.is_suspended) as suspended
  from moderation.members m
  join moderation.users u on u.id = m.user_id
  where m.organization_id = o.id
) m
cross join lateral (
  select
    count(*) as conversations,
    count(*) filter (where c.is_group) as groups,
    count(*) filter (where c.is_group and not c.has_creator) as without_creator,
    coalesce(sum(c.message_count), 0)::bigint as messages,
    max(c.updated_at) as last_activity_at
  from moderation.conversations c
  where c.organization_id = o.id
) c
where o.id = %(id)s::uuid;
