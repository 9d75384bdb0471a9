-- The number of organizations and users that were not seeded.
--   users  uuid[]  those of the world to seed, which Auth may have created already
select
  (
    select count(*) from public.organizations o
    where not exists (select from private.seed_runs r where o.id = any (r.organization_ids))
  ) as organizations,
  (
    select count(*) from auth.users u
    where u.id <> all (%(users)s::uuid[])
      and not exists (select from private.seed_runs r where u.id = any (r.user_ids))
  ) as users;
