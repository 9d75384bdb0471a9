-- How many organizations and users here no world holds: other people's data.
--   users  uuid[]  those of the world that is about to be made, whom Auth may have made already
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
