-- Organizations that are missing, and those without an owner.
--   organizations  uuid[]
--   users          uuid[]
select format('organization %%s', coalesce(o.slug, w.id::text)) as object,
  case when o.id is null then 'does not exist' else 'has no owner' end as detail
from unnest(%(organizations)s::uuid[]) as w (id)
left join public.organizations o on o.id = w.id
where o.id is null or not exists (
  select from public.organization_members m where m.organization_id = o.id and m.role = 'owner'
)
order by object;
