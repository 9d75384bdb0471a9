-- The slugs of the organizations that reports belong to.
--   ids  uuid[]
select distinct o.slug
from moderation.reports r
join moderation.organizations o on o.id = r.organization_id
where r.id = any (%(ids)s::uuid[])
order by o.slug;
