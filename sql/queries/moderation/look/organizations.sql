-- One page of the organizations, by slug, with the number of all.
--   after_slug  text    the last one already shown; null: from the beginning
--   count       bigint  at most so many rows
with page as (
  select o.id, o.slug, o.name, o.created_at
  from moderation.organizations o
  where %(after_slug)s::text is null or o.slug > %(after_slug)s::text
  order by o.slug
  limit %(count)s::bigint
)
select
  p.id, p.slug, p.name, p.created_at, m.people, c.conversations, c.messages, c.last_activity_at,
  (select count(*) from moderation.organizations) as total
from page p
cross join lateral (
  select count(*) as people from moderation.members m where m.organization_id = p.id
) m
cross join lateral (
  select
    count(*) as conversations, coalesce(sum(c.message_count), 0)::bigint as messages, max(c.updated_at) as last_activity_at
  from moderation.conversations c
  where c.organization_id = p.id
) c
order by p.slug;
