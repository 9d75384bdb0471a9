-- The files in Storage of messages, in the order of the messages.
--   message_ids  uuid[]
select f.message_id, f.bucket_id, f.name
from moderation.files_of(%(message_ids)s::uuid[]) as f
order by array_position(%(message_ids)s::uuid[], f.message_id), f.name;
