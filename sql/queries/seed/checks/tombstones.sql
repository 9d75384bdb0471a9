-- Deleted messages whose content is not kept, and content that is kept of messages that are not deleted.
--   organizations  uuid[]
--   users          uuid[]
select format('message %%s', coalesce(m.id, d.message_id)) as object,
  case when d.message_id is null then 'is deleted, but its content is not kept' else 'is not deleted, but its content is kept as if it were' end
    as detail
from (select m.* from public.messages m where m.organization_id = any (%(organizations)s::uuid[])) as m
left join private.deleted_messages d on d.message_id = m.id
where (m.deleted_at is null) <> (d.message_id is null)
order by m.conversation_id, m.seq;
