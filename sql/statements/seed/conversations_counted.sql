-- Set the counters that triggers maintain, because triggers are off: one row per conversation.
--   ids                uuid[]
--   last_seqs, last_message_seqs, message_counts  bigint[]
--   participant_counts integer[]
--   changed            timestamptz[]  of the last message or deletion; null if there is none
update public.conversations c
set last_seq = w.last_seq,
    last_message_seq = w.last_message_seq,
    message_count = w.message_count,
    participant_count = w.participant_count,
    updated_at = greatest(c.created_at, w.changed_at)
from unnest(
  %(ids)s::uuid[], %(last_seqs)s::bigint[], %(last_message_seqs)s::bigint[], %(message_counts)s::bigint[],
  %(participant_counts)s::integer[], %(changed)s::timestamptz[]
) as w (id, last_seq, last_message_seq, message_count, participant_count, changed_at)
where c.id = w.id;
