-- Delete rows of the bucket without content, as created by a seed without Storage.
--   names  text[]
delete from storage.objects o
where o.bucket_id = 'attachments' and o.name = any (%(names)s::text[]);
