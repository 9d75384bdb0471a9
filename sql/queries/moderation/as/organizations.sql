-- The organizations that the user that the transaction acts as can read, with the user's role.
--   user_id  uuid
select o.id, o.slug, o.name, m.role, m.joined_at
from public.organizations o
left join public.organization_members m on m.organization_id = o.id and m.user_id = %(user_id)s::uuid
order by o.slug, o.id;
