-- Acts on many messages: a job does them in committed batches, and continues where it was interrupted. See docs/operators/README.md.

create table private.moderation_jobs (
  id uuid primary key default gen_random_uuid(),
  verb text not null,
  actor text not null,
  reason text not null,
  ticket text,
  plan_hash text, -- of the plan that it applies
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  constraint moderation_jobs_verb check (verb in ('delete', 'restore', 'redact', 'purge')),
  constraint moderation_jobs_plan_hash unique (plan_hash)
);

create table private.moderation_job_items (
  job_id uuid not null references private.moderation_jobs (id) on delete cascade,
  place bigint not null, -- from 1
  message_id uuid not null,
  version text, -- at which it was chosen; null: whatever it is when its batch begins
  status text, -- done, noop, skipped or failed; null: its batch has not been committed yet
  problem text,
  action_id bigint, -- the row of the log that it was done with
  primary key (job_id, place)
);
create index moderation_job_items_pending on private.moderation_job_items (job_id, place) where status is null;
