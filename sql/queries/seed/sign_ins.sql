-- A user to sign in as for each organization: its owner, or the first member.
--   organizations  uuid[]
--   users          uuid[]
select distinct on (o.id) o.slug, u.email
from public.organizations o
join public.organization_members m on m.organization_id = o.id
join auth.users u on u.id = m.user_id
where o.id = any (%(organizations)s::uuid[]) and u.id = any (%(users)s::uuid[])
order by o.id, m.role = 'owner' desc, m.joined_at, u.id;
