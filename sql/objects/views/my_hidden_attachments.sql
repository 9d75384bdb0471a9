-- The files of deleted, redacted and purged messages in the caller's conversations. For the policies of Storage.
create or replace view private.my_hidden_attachments
with (security_barrier = true) as
select d.conversation_id, lower(d.attachment_id) as attachment_id, d.sender_id
from private.deleted_attachments d
join private.my_participations p on p.conversation_id = d.conversation_id
union all
select d.conversation_id, d.attachment_id, d.sender_id
from private.files_to_delete d
join private.my_participations p on p.conversation_id = d.conversation_id;

revoke all on private.my_hidden_attachments from public, anon, authenticated;
grant select on private.my_hidden_attachments to authenticated;
