-- Rows that conflict with a world: same name or id, but not from a run of it. ``same``: a user with both the id and
-- the email, left by a run that was killed while Auth created its users. ``world``, ``seed``: the run that the row is
-- from; null if it was not seeded.
--   slugs          text[]
--   organizations  uuid[]
--   emails         text[]
--   users          uuid[]
select 'organization' as kind, o.slug as name, false as same, r.world, r.seed
from public.organizations o
left join private.seed_runs r on o.id = any (r.organization_ids)
where o.slug = any (%(slugs)s::text[]) or o.id = any (%(organizations)s::uuid[])
union all
select
  'user', u.email,
  (lower(u.email), u.id) in (select w.email, w.id from unnest(%(emails)s::text[], %(users)s::uuid[]) as w (email, id)),
  r.world, r.seed
from auth.users u
left join private.seed_runs r on u.id = any (r.user_ids)
where (lower(u.email) = any (%(emails)s::text[]) and not u.is_sso_user) or u.id = any (%(users)s::uuid[])
order by kind, name;
