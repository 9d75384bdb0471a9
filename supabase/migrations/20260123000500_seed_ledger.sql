-- Which worlds chatctl has seeded here: written in the transaction of the rows themselves, so that a world is
-- all there or not at all, and known by its organizations and users, so that it can be told from what people made.
create table private.seed_runs (
  world text not null,
  seed bigint not null,
  -- Of the rules that the rows follow from: rows of another version are other rows.
  world_version integer not null,
  fingerprint text not null,
  organization_ids uuid[] not null,
  user_ids uuid[] not null,
  finished_at timestamptz not null default now(),
  primary key (world, seed)
);
