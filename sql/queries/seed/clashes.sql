-- What is in the way of a world: rows of the same name or id that no finished run of it made.
--   slugs          text[]
--   organizations  uuid[]
--   emails         text[]
--   users          uuid[]
select 'organization' as kind, o.slug as name
from public.organizations o
where o.slug = any (%(slugs)s::text[]) or o.id = any (%(organizations)s::uuid[])
union all
select 'user', u.email
from auth.users u
where (lower(u.email) = any (%(emails)s::text[]) and not u.is_sso_user) or u.id = any (%(users)s::uuid[])
order by kind, name;
