-- Slugs of organizations that begin with a text, each with the organization's name.
--   text   text
--   count  bigint  at most so many
select o.slug as value, o.name as description
from moderation.organizations o
where starts_with(o.slug, %(text)s::text)
order by o.slug
limit %(count)s::bigint;
