-- A policy on storage.objects names its bucket.
-- level: error
-- Without the bucket, the policy applies to all buckets, including those that are created later. Both USING and WITH
-- CHECK must name it, because PostgreSQL evaluates them separately for reading and writing. Restrictive policies are
-- ignored, because they only remove access.
with api as (
  select r.oid
  from pg_catalog.pg_roles r
  where r.rolname = any (
    string_to_array(coalesce(nullif(current_setting('chatctl.api_roles', true), ''), 'anon,authenticated'), ',')
  )
)
select
  format('%I on storage.objects', p.polname) as object,
  string_agg(clause.name, ' and ' order by clause.name desc) || ' without a bucket' as problem,
  'add a condition: bucket_id = ''…''' as remedy
from pg_catalog.pg_policy p
join pg_catalog.pg_class c on c.oid = p.polrelid and c.relname = 'objects'
join pg_catalog.pg_namespace n on n.oid = c.relnamespace and n.nspname = 'storage'
cross join lateral (
  values ('using', pg_get_expr(p.polqual, p.polrelid)), ('with check', pg_get_expr(p.polwithcheck, p.polrelid))
) as clause (name, expression)
where p.polpermissive
  and clause.expression <> 'false'
  and clause.expression !~ '(?:^|[^\w."$])(?:objects\.)?bucket_id(?![\w"$])'
  and exists (
    select from api cross join unnest(p.polroles) as named (role)
    where case when named.role = 0 then true else pg_has_role(api.oid, named.role, 'usage') end
  )
group by p.polname
order by object
