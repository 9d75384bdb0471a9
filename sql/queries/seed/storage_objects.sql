-- The attachments as objects of the bucket, those of deleted messages too. Rows only: there is no file behind them.
--   organizations  uuid[]
insert into storage.objects (
  id, bucket_id, name, owner, owner_id, created_at, updated_at, last_accessed_at, version, metadata
)
select
  (a.entry ->> 'id')::uuid, 'attachments', a.entry ->> 'url', m.sender_id, m.sender_id::text,
  m.created_at, m.created_at, m.created_at, a.entry ->> 'id',
  jsonb_build_object(
    'size', a.entry -> 'size', 'contentLength', a.entry -> 'size', 'mimetype', a.entry -> 'type',
    'cacheControl', 'max-age=3600', 'eTag', format('"%%s"', md5(a.entry ->> 'id')),
    'lastModified', m.created_at, 'httpStatusCode', 200
  )
from public.messages m
left join private.deleted_messages d on d.message_id = m.id
cross join lateral jsonb_array_elements(coalesce(m.attachments, d.attachments)) as a (entry)
where m.organization_id = any (%(organizations)s::uuid[])
order by a.entry ->> 'id';
