-- The files of these conversations in the bucket, with or without a message.
--   conversations  uuid[]
select o.name
from public.conversations c
join storage.objects o on split_part(o.name, '/', 3) = c.id::text
where c.id = any (%(conversations)s::uuid[])
  and o.bucket_id = 'attachments'
  and starts_with(o.name, format('%%s/chat/%%s/', c.organization_id, c.id))
order by o.name;
