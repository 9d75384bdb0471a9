-- Jobs, the newest first.
--   job_id  uuid     null: any
--   count   bigint   at most so many
select
  j.id, j.verb, j.actor, j.reason, j.ticket, j.plan_hash, j.created_at, j.finished_at,
  j.total, j.done, j.noop, j.skipped, j.failed, j.pending
from moderation.jobs j
where %(job_id)s::uuid is null or j.id = %(job_id)s::uuid
order by j.created_at desc, j.id
limit %(count)s::bigint;
