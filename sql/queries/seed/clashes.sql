-- Rows that conflict with a world: same name or id, but not from a run of it. ``same``: a user with both the id and
-- the email, left by a run that was killed while Auth created its users.
--   slugs          text[]
--   organizations  uuid[]
--   emails         text[]
--   users          uuid[]
select 'organization' as kind, o.slug as name, false as same
from public.organizations o
where o.slug = any (%(slugs)s::text[]) or o.id = any (%(organizations)s::uuid[])
union all
select
  'user', u.email,
  (lower(u.email), u.id) in (select w.email, w.id from unnest(%(emails)s::text[], %(users)s::uuid[]) as w (email, id))
from auth.users u
where (lower(u.email) = any (%(emails)s::text[]) and not u.is_sso_user) or u.id = any (%(users)s::uuid[])
order by kind, name;
