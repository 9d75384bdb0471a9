-- Users, with their identities, sessions, profiles and memberships.
--   users  uuid[]
delete from auth.users u
where u.id = any (%(users)s::uuid[]);
