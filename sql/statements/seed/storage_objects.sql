-- Attachments as objects of the bucket, including those of deleted messages. Rows only, without content.
--   files  jsonb  array of {id, url, size, type, sender, at}
insert into storage.objects (
  id, bucket_id, name, owner, owner_id, created_at, updated_at, last_accessed_at, version, metadata
)
select
  f.id, 'attachments', f.url, f.sender, f.sender::text, f.at, f.at, f.at, f.id::text,
  jsonb_build_object(
    'size', f.size, 'contentLength', f.size, 'mimetype', f.type, 'cacheControl', 'max-age=3600',
    'eTag', format('"%%s"', md5(f.id::text)), 'lastModified', to_char(f.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'httpStatusCode', 200
  )
from jsonb_to_recordset(%(files)s::jsonb) as f (id uuid, url text, size bigint, type text, sender uuid, at timestamptz)
order by f.id;
