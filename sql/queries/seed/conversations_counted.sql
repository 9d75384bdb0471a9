-- What the triggers keep in a conversation, from its messages and participants, while triggers are off. A deletion
-- updates the conversation, as a message does; an edit or a reaction does not.
--   organizations  uuid[]
update public.conversations c
set last_seq = m.last_seq,
    last_message_seq = m.last_message_seq,
    message_count = m.message_count,
    participant_count = p.participant_count,
    updated_at = greatest(c.created_at, m.changed_at)
from (
  select
    c2.id,
    coalesce(max(m2.seq), 0) as last_seq,
    coalesce(max(m2.seq) filter (where m2.deleted_at is null), 0) as last_message_seq,
    count(m2.id) filter (where m2.deleted_at is null) as message_count,
    max(greatest(m2.created_at, m2.deleted_at)) as changed_at
  from public.conversations c2
  left join public.messages m2 on m2.conversation_id = c2.id
  where c2.organization_id = any (%(organizations)s::uuid[])
  group by c2.id
) as m
join (
  select p2.conversation_id, count(*) as participant_count
  from public.conversation_participants p2
  group by p2.conversation_id
) as p on p.conversation_id = m.id
where c.id = m.id;
