-- Participants whose read state is not what their last_read_at says: the seq read to, and the messages seen.
--   organizations  uuid[]
--   users          uuid[]
select
  format('participant %%s of conversation %%s', p.user_id, p.conversation_id) as object,
  case
    when r.user_id is null then 'has no read state'
    else format(
      'has read up to seq %%s and seen %%s messages; a recount gives %%s and %%s', r.last_read_seq, r.seen_count, w.last_read_seq, w.seen_count
    )
  end as detail
from public.conversations c
join public.conversation_participants p on p.conversation_id = c.id
left join private.read_states r on r.conversation_id = p.conversation_id and r.user_id = p.user_id
cross join lateral private.read_position(p.conversation_id, p.user_id, p.last_read_at) as w
where c.organization_id = any (%(organizations)s::uuid[])
  and (r.last_read_seq, r.seen_count) is distinct from (w.last_read_seq, w.seen_count)
order by p.conversation_id, p.user_id;
