-- Jobs of operators. For operators.
create or replace view moderation.jobs as
select
  j.id, j.verb, j.actor, j.reason, j.ticket, j.plan_hash, j.created_at, j.finished_at,
  i.total, i.done, i.noop, i.failed, i.pending, i.skipped
from private.moderation_jobs j
cross join lateral (
  select
    count(*) as total,
    count(*) filter (where i.status = 'done') as done,
    count(*) filter (where i.status = 'noop') as noop,
    count(*) filter (where i.status = 'failed') as failed,
    count(*) filter (where i.status is null) as pending,
    count(*) filter (where i.status = 'skipped') as skipped
  from private.moderation_job_items i
  where i.job_id = j.id
) as i;

revoke all on moderation.jobs from public, anon, authenticated, service_role;

create or replace view moderation.job_items as
select i.job_id, i.place, i.message_id, i.status, i.problem, i.action_id
from private.moderation_job_items i;

revoke all on moderation.job_items from public, anon, authenticated, service_role;
