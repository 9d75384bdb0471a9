-- Names of groups that begin with a text, each with the slug of its organization.
--   text             text
--   organization     text    slug or id; null: none is known, and only ids name a conversation
--   organization_id  uuid    the organization as an id; null: it is none
--   count            bigint  at most so many
select distinct c.name as value, o.slug as description
from moderation.conversations c
join moderation.organizations o on o.id = c.organization_id
where starts_with(c.name, %(text)s::text) and (o.slug = lower(%(organization)s::text) or o.id = %(organization_id)s::uuid)
order by c.name
limit %(count)s::bigint;
