-- Conversations whose counters differ from a recount: seq without gaps, last seqs, messages, participants.
--   organizations  uuid[]
--   users          uuid[]
with
recounted as (
  select
    c.id, c.last_seq, c.last_message_seq, c.message_count, c.participant_count,
    m.first, m.last, m.messages, m.last_live, m.live, p.participants
  from public.conversations c
  cross join lateral (
    select
      coalesce(min(m.seq), 1) as first, coalesce(max(m.seq), 0) as last, count(*) as messages,
      coalesce(max(m.seq) filter (where m.deleted_at is null), 0) as last_live,
      count(*) filter (where m.deleted_at is null) as live
    from public.messages m
    where m.conversation_id = c.id
  ) as m
  cross join lateral (
    select count(*) as participants from public.conversation_participants p where p.conversation_id = c.id
  ) as p
  where c.organization_id = any (%(organizations)s::uuid[])
)
select format('conversation %%s', r.id) as object, w.detail
from recounted r
cross join lateral (
  values
    (r.first <> 1 or r.messages <> r.last, format('%%s messages have seqs from %%s to %%s', r.messages, r.first, r.last)),
    (r.last_seq <> r.last, format('last_seq is %%s, but the last message has %%s', r.last_seq, r.last)),
    (
      r.last_message_seq <> r.last_live,
      format('last_message_seq is %%s, but the last message that is not deleted has %%s', r.last_message_seq, r.last_live)
    ),
    (r.message_count <> r.live, format('message_count is %%s, but there are %%s', r.message_count, r.live)),
    (r.participant_count <> r.participants, format('participant_count is %%s, but there are %%s', r.participant_count, r.participants))
) as w (wrong, detail)
where w.wrong
order by r.id, w.detail;
