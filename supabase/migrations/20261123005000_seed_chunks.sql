-- Worlds that are seeded in parts: a run is there from its beginning, and each part with its rows, so that a
-- killed run is continued and not begun again; and so that what a seed made is known from what users made since.
alter table private.seed_runs
  alter column fingerprint drop not null,
  alter column finished_at drop not null,
  alter column finished_at drop default,
  add column spec_sha256 text,
  add column started_at timestamptz not null default now(),
  -- By table: {rows, checksum}, so that it can be said which of them is not as it was.
  add column tables jsonb not null default '{}',
  -- Taken away, but for what users need that is left.
  add column cleaned_at timestamptz;

create table private.seed_chunks (
  world text not null,
  seed bigint not null,
  -- The place of its first conversation among all of the world.
  first_conversation bigint not null,
  conversation_ids uuid[] not null,
  -- Messages 1 to n of each are the seed's.
  message_counts bigint[] not null,
  finished_at timestamptz not null default now(),
  primary key (world, seed, first_conversation),
  constraint seed_chunks_run foreign key (world, seed)
    references private.seed_runs (world, seed) on delete cascade,
  constraint seed_chunks_same_length check (cardinality(conversation_ids) = cardinality(message_counts))
);
