-- Members: read by members of the same organization.
revoke all on public.organization_members from public, anon, authenticated;
grant select on public.organization_members to authenticated;

drop policy if exists "members read the members of their organizations" on public.organization_members;
create policy "members read the members of their organizations"
on public.organization_members for select to authenticated
using (
  exists (
    select from private.my_organizations o where o.organization_id = organization_members.organization_id
  )
);
