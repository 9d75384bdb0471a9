-- The files that wait to be deleted from the bucket for attachments, oldest first.
select f.name
from moderation.files_to_delete f
where f.bucket_id = 'attachments'
order by f.since, f.name;
