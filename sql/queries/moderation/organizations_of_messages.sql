-- The slugs of the organizations that messages belong to.
--   ids  uuid[]
select distinct o.slug
from moderation.messages m
join moderation.organizations o on o.id = m.organization_id
where m.id = any (%(ids)s::uuid[])
order by o.slug;
