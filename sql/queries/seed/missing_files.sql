-- The files of a world that are missing in the bucket, including those of deleted messages.
--   organizations  uuid[]
--   users          uuid[]
with
held as (
  select
    coalesce(d.attachments, m.attachments) as attachments, m.sender_id, m.created_at, m.conversation_id, m.seq
  from public.messages m
  left join private.deleted_messages d on d.message_id = m.id
  where m.organization_id = any (%(organizations)s::uuid[])
    and (m.attachments is not null or d.attachments is not null)
    and m.sender_id = any (%(users)s::uuid[])
)
select a.entry as attachment, h.sender_id, h.created_at
from held h
cross join lateral jsonb_array_elements(h.attachments) as a (entry)
where not exists (
  select from storage.objects o where o.bucket_id = 'attachments' and o.name = a.entry ->> 'url'
)
order by h.conversation_id, h.seq, a.entry ->> 'id';
