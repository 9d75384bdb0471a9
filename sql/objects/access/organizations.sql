-- Organizations: read by their members.
revoke all on public.organizations from public, anon, authenticated;
grant select on public.organizations to authenticated;

drop policy if exists "members read their organizations" on public.organizations;
create policy "members read their organizations"
on public.organizations for select to authenticated
using (
  exists (select from private.my_organizations o where o.organization_id = organizations.id)
);
