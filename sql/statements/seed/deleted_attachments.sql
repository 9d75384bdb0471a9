-- The files of deleted messages, which Storage then hides.
--   conversations  uuid[]
insert into private.deleted_attachments (message_id, attachment_id, conversation_id, sender_id)
select d.message_id, a.entry ->> 'id', d.conversation_id, d.sender_id
from private.deleted_messages d
cross join lateral jsonb_array_elements(coalesce(d.attachments, '[]')) as a (entry)
where d.conversation_id = any (%(conversations)s::uuid[])
order by d.message_id, a.entry ->> 'id';
