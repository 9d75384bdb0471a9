-- Record a chunk, in the transaction of its rows.
--   world               text
--   seed                bigint
--   first_conversation  bigint
--   conversation_ids    uuid[]
--   message_counts      bigint[]
insert into private.seed_chunks (world, seed, first_conversation, conversation_ids, message_counts)
values (
  %(world)s::text, %(seed)s::bigint, %(first_conversation)s::bigint, %(conversation_ids)s::uuid[],
  %(message_counts)s::bigint[]
);
