-- The organizations of a user.
--   user_id  uuid
select m.organization_id, o.slug, o.name, m.role, m.joined_at
from moderation.members m
join moderation.organizations o on o.id = m.organization_id
where m.user_id = %(user_id)s::uuid
order by m.joined_at, m.organization_id;
