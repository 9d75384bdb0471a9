-- A bucket limits the size and the types of its files.
-- level: warning
-- Without limits, everyone with permission to upload can store anything: an HTML page that is served from the project's
-- own domain, or files until the quota is used up. Skipped if Storage is not installed, or if the current role cannot
-- read its buckets.
with buckets as (
  select found.word::jsonb as bucket
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  -- A query cannot name a table that may be missing, so ts_stat runs the query as text; query_to_xml needs libxml.
  cross join lateral ts_stat(
    case when has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select') then $query$
      select array_to_tsvector(array[jsonb_build_object(
        'id', left(b.id, 200), 'type', j -> 'type', 'size', j -> 'file_size_limit',
        'types', jsonb_array_length(nullif(j -> 'allowed_mime_types', 'null')),
        'any', j -> 'allowed_mime_types' ?| array['*/*', '*']
      )::text])
      from storage.buckets b
      cross join lateral to_jsonb(b) as j
    $query$ end
  ) as found
  where n.nspname = 'storage' and c.relname = 'buckets'
)
select
  format('bucket %I', b.bucket ->> 'id') as object,
  'accepts files ' || concat_ws(' and ',
    case when b.bucket ->> 'size' is null then 'of any size' end,
    case when coalesce(b.bucket ->> 'types', '0') = '0' or b.bucket ->> 'any' = 'true' then 'of any type' end
  ) as problem,
  'set file_size_limit and allowed_mime_types on the bucket' as remedy
from buckets b
where coalesce(b.bucket ->> 'type', 'STANDARD') = 'STANDARD'
  and (b.bucket ->> 'size' is null or coalesce(b.bucket ->> 'types', '0') = '0' or b.bucket ->> 'any' = 'true')
order by object
