-- Record the kept rows of a world, so that they can be removed later.
--   world          text
--   seed           bigint
--   organizations, users, conversations  uuid[]
--   messages       bigint[]  the number of seeded messages of each conversation
with
emptied as (
  delete from private.seed_chunks k
  where k.world = %(world)s::text and k.seed = %(seed)s::bigint and k.first_conversation <> -1
),
kept as (
  insert into private.seed_chunks (world, seed, first_conversation, conversation_ids, message_counts)
  values (%(world)s::text, %(seed)s::bigint, -1, %(conversations)s::uuid[], %(messages)s::bigint[])
  on conflict (world, seed, first_conversation)
    do update set conversation_ids = excluded.conversation_ids, message_counts = excluded.message_counts
)
update private.seed_runs r
set organization_ids = %(organizations)s::uuid[], user_ids = %(users)s::uuid[], cleaned_at = now()
where r.world = %(world)s::text and r.seed = %(seed)s::bigint;
