-- The seqs of a conversation's messages between two moments, purged ones included: from first_seq to before end_seq.
-- Within a conversation, created_at increases with seq.
--   conversation_id  uuid
--   since            timestamptz  null: from the first message
--   until            timestamptz  null: to the last message
select
  coalesce(case when %(since)s::timestamptz is null then 1 else least(
    (
      select m.seq from moderation.messages m
      where m.conversation_id = c.id and m.created_at >= %(since)s::timestamptz
      order by m.created_at, m.seq
      limit 1
    ),
    (
      select min(p.seq) from moderation.purged_messages p
      where p.conversation_id = c.id and p.sent_at >= %(since)s::timestamptz
    )
  ) end, c.last_seq + 1) as first_seq,
  coalesce(case when %(until)s::timestamptz is null then c.last_seq else greatest(
    (
      select m.seq from moderation.messages m
      where m.conversation_id = c.id and m.created_at < %(until)s::timestamptz
      order by m.created_at desc, m.seq desc
      limit 1
    ),
    (
      select max(p.seq) from moderation.purged_messages p
      where p.conversation_id = c.id and p.sent_at < %(until)s::timestamptz
    )
  ) end, 0) + 1 as end_seq
from moderation.conversations c
where c.id = %(conversation_id)s::uuid;
