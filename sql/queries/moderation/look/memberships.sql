-- The organizations of a user, in the order of joining.
--   user_id  uuid
select o.id, o.slug, o.name, m.role, m.joined_at
from moderation.members m
join moderation.organizations o on o.id = m.organization_id
where m.user_id = %(user_id)s::uuid
order by m.joined_at, o.slug;
