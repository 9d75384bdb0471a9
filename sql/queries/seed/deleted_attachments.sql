-- The files of deleted messages, which Storage then hides.
--   organizations  uuid[]
insert into private.deleted_attachments (message_id, attachment_id, conversation_id, sender_id)
select d.message_id, a.entry ->> 'id', d.conversation_id, d.sender_id
from private.deleted_messages d
join public.conversations c on c.id = d.conversation_id
cross join lateral jsonb_array_elements(coalesce(d.attachments, '[]')) as a (entry)
where c.organization_id = any (%(organizations)s::uuid[])
order by d.message_id, a.entry ->> 'id';
