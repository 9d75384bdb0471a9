-- How far each participant has read, and how many live messages that leaves seen: read, or their own.
--   organizations  uuid[]
insert into private.read_states (conversation_id, user_id, last_read_seq, seen_count)
select
  p.conversation_id,
  p.user_id,
  coalesce(max(m.seq) filter (where m.created_at <= p.last_read_at), 0),
  count(m.id) filter (
    where m.deleted_at is null and (m.created_at <= p.last_read_at or m.sender_id = p.user_id)
  )
from public.conversation_participants p
join public.conversations c on c.id = p.conversation_id
left join public.messages m on m.conversation_id = p.conversation_id
where c.organization_id = any (%(organizations)s::uuid[])
group by p.conversation_id, p.user_id
order by p.conversation_id, p.user_id;
