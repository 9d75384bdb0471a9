-- Files at another path than {organization}/chat/{conversation}/{id}_{name}, and those of deleted messages that
-- Storage still shows.
--   organizations  uuid[]
--   users          uuid[]
with
held as (
  select
    m.id as message_id, m.organization_id, m.conversation_id, a.entry, m.deleted_at is not null as deleted
  from public.messages m
  left join private.deleted_messages d on d.message_id = m.id
  -- With this path, a value that is not an array is no error; the check of messages reports it.
  cross join lateral jsonb_path_query(
    case when m.deleted_at is null then m.attachments else d.attachments end, '$[*]'
  ) as a (entry)
  where m.organization_id = any (%(organizations)s::uuid[]) and (m.attachments is not null or m.deleted_at is not null)
)
select format('file %%s of message %%s', h.entry ->> 'id', h.message_id) as object, w.detail
from held h
left join private.deleted_attachments g on g.message_id = h.message_id and g.attachment_id = h.entry ->> 'id'
cross join lateral (
  values
    (
      not starts_with(
        h.entry ->> 'url', format('%%s/chat/%%s/%%s_', h.organization_id, h.conversation_id, h.entry ->> 'id')
      ),
      format('its path is %%s', h.entry ->> 'url')
    ),
    (h.deleted and g.message_id is null, 'its message is deleted, but Storage still shows it'),
    (not h.deleted and g.message_id is not null, 'its message is not deleted, but Storage hides it')
) as w (wrong, detail)
where w.wrong
order by h.conversation_id, h.message_id, h.entry ->> 'id', w.detail;
