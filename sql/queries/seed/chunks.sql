-- The chunks of a world that were written.
--   world  text
--   seed   bigint
select
  c.first_conversation,
  cardinality(c.conversation_ids) as conversations,
  (select coalesce(sum(n), 0)::bigint from unnest(c.message_counts) as m (n)) as messages
from private.seed_chunks c
where c.world = %(world)s::text and c.seed = %(seed)s::bigint
order by c.first_conversation;
