-- Organizations, with the memberships in them.
--   organizations  uuid[]
delete from public.organizations o
where o.id = any (%(organizations)s::uuid[]);
