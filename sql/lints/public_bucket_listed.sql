-- No policy allows listing a public bucket.
-- level: error
-- The files of a public bucket are served to everyone who knows their names, without a policy. A policy for reading
-- that has no condition other than the bucket reveals the names to everybody; a policy that also checks an owner or a
-- folder is not reported. Skipped if Storage is not installed, or if the current role cannot read its buckets.
with api as (
  select r.oid
  from pg_catalog.pg_roles r
  where r.rolname = any (
    string_to_array(coalesce(nullif(current_setting('chatctl.api_roles', true), ''), 'anon,authenticated'), ',')
  )
),
buckets as (
  select found.word as id
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  -- A query cannot name a table that may be missing, so ts_stat runs the query as text; query_to_xml needs libxml.
  cross join lateral ts_stat(
    case when has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')
      then 'select array_to_tsvector(array[left(b.id, 200)]) from storage.buckets b where b.public and b.id <> '''''
    end
  ) as found
  where n.nspname = 'storage' and c.relname = 'buckets'
),
-- Remove conditions on buckets and on being signed in, to see whether there are others.
listing as (
  select p.polname, clause.expression, regexp_replace(
    clause.expression,
    '''(?:[^'']|'''')*''|::text(?:\[\])?|auth\.(?:role|uid)\(\)|IS NOT NULL|AS (?:role|uid)'
      || '|\m(?:objects\.bucket_id|bucket_id|ANY|ARRAY|AND|OR|SELECT|true)\M|[][()=,\s]',
    '', 'g'
  ) as rest
  from pg_catalog.pg_policy p
  join pg_catalog.pg_class c on c.oid = p.polrelid and c.relname = 'objects'
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace and n.nspname = 'storage'
  cross join lateral pg_get_expr(p.polqual, p.polrelid) as clause (expression)
  where p.polpermissive
    and p.polcmd in ('r', '*')
    and exists (
      select from api cross join unnest(p.polroles) as named (role)
      where case when named.role = 0 then true else pg_has_role(api.oid, named.role, 'usage') end
    )
)
select
  format('%I on storage.objects', l.polname) as object,
  format(
    'allows listing all files of %s, which serves files without a policy',
    string_agg(format('bucket %I', b.id), ' and ' order by b.id)
  ) as problem,
  'drop the policy, or add a condition on owner_id or the folder' as remedy
from listing l
join buckets b on position(quote_literal(b.id) in l.expression) > 0 or l.expression !~ '\mbucket_id\M'
where l.rest = ''
group by l.polname
order by object
