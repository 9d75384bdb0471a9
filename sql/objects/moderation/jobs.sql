-- Jobs: acts on many messages, in batches that are committed one by one.

-- Create a job, or return the one that applies the plan of that hash already.
--   p_versions  at which the messages were chosen, in the same order; null: any
create or replace function moderation.create_job(
  p_verb text, p_ids uuid[], p_versions text[], p_actor text, p_reason text, p_ticket text default null,
  p_plan_hash text default null
)
returns uuid
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  job_id uuid;
begin
  -- Only now: require_message_reason lets the batches pass, so that none is refused after others were committed.
  perform private.require_reason(
    p_actor, p_reason, p_ticket, array(select distinct m.sender_id from public.messages m where m.id = any (p_ids))
  );
  insert into private.moderation_jobs (verb, actor, reason, ticket, plan_hash, finished_at)
  values (
    p_verb, p_actor, p_reason, p_ticket, p_plan_hash, case when coalesce(cardinality(p_ids), 0) = 0 then clock_timestamp() end
  )
  on conflict (plan_hash) do nothing
  returning id into job_id;
  if job_id is null then
    return private.job_of_plan(p_plan_hash, p_verb, p_ids, p_versions);
  end if;
  insert into private.moderation_job_items (job_id, place, message_id, version)
  select job_id, n.place, n.id, n.version
  from unnest(p_ids, p_versions) with ordinality as n (id, version, place);
  return job_id;
end
$$;

-- The job that applies a plan. Refuses a job that does something else under the same hash.
create or replace function private.job_of_plan(p_plan_hash text, p_verb text, p_ids uuid[], p_versions text[])
returns uuid
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  job private.moderation_jobs;
  ids uuid[];
  versions text[];
begin
  select j.* into strict job from private.moderation_jobs j where j.plan_hash = p_plan_hash;
  select coalesce(array_agg(i.message_id order by i.place), '{}'), coalesce(array_agg(i.version order by i.place), '{}')
  into ids, versions
  from private.moderation_job_items i
  where i.job_id = job.id;
  if (job.verb, ids, versions) is distinct from (p_verb, p_ids, p_versions) then
    perform private.refuse('PT409', 'CONFLICT', format('Job %s has the hash of this plan, but is not the same', job.id));
  end if;
  return job.id;
end
$$;

-- Do the next batch of a job, with one row in the log, and return how many items are left. The transaction of the caller is
-- the batch: it is committed with its results, or not at all. Two callers take turns.
--   p_actor  who runs this batch; its reason and its ticket are the job's
create or replace function moderation.run_job(p_job_id uuid, p_count integer, p_actor text)
returns bigint
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  job private.moderation_jobs := private.lock_job(p_job_id);
  first_place bigint;
  last_place bigint;
  ids uuid[];
  versions text[];
  pending bigint;
begin
  select
    min(n.place), max(n.place), array_agg(n.message_id order by n.place), array_agg(n.version order by n.place)
  into first_place, last_place, ids, versions
  from (
    select i.place, i.message_id, i.version
    from private.moderation_job_items i
    where i.job_id = p_job_id and i.status is null
    order by i.place
    limit p_count
  ) as n;
  if first_place is null then
    return 0;
  end if;
  job.actor := p_actor;
  update private.moderation_job_items i
  set status = o.status, problem = o.problem, action_id = o.action_id
  from private.moderate_messages(job, ids, versions) as o
  where i.job_id = p_job_id and i.place between first_place and last_place and i.message_id = o.id;
  -- Items are done in the order of their places, which count from 1.
  select max(i.place) - last_place into pending from private.moderation_job_items i where i.job_id = p_job_id;
  if pending = 0 then
    update private.moderation_jobs j set finished_at = clock_timestamp() where j.id = p_job_id;
  end if;
  return pending;
end
$$;

-- End a job without what is pending, and return how many items that were. Without any, nothing is logged.
create or replace function moderation.cancel_job(
  p_job_id uuid, p_actor text, p_reason text, p_ticket text default null
)
returns table (action_id bigint, canceled bigint)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform private.lock_job(p_job_id);
  perform private.require_reason(p_actor, p_reason, p_ticket, array(
    select distinct m.sender_id
    from private.moderation_job_items i
    join public.messages m on m.id = i.message_id
    where i.job_id = p_job_id
  ));
  update private.moderation_job_items i set status = 'failed', problem = 'CANCELED'
  where i.job_id = p_job_id and i.status is null;
  get diagnostics canceled = row_count;
  if canceled > 0 then
    update private.moderation_jobs j set finished_at = clock_timestamp() where j.id = p_job_id;
    action_id := private.log_act(
      'job.cancel', array['job:' || p_job_id], p_actor, p_reason, p_ticket, null,
      jsonb_build_object('canceled', canceled), p_job_id
    );
  end if;
  return next;
end
$$;

create or replace function private.lock_job(p_job_id uuid)
returns private.moderation_jobs
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  job private.moderation_jobs;
begin
  select j.* into job from private.moderation_jobs j where j.id = p_job_id for update;
  if not found then
    perform private.refuse('PT404', 'NOT_FOUND', format('There is no job %s', p_job_id));
  end if;
  return job;
end
$$;

create or replace function private.moderate_messages(p_job private.moderation_jobs, p_ids uuid[], p_versions text[])
returns table (action_id bigint, id uuid, status text, problem text)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  case p_job.verb
    when 'delete' then
      return query select o.* from moderation.delete_messages(
        p_ids, p_job.actor, p_job.reason, p_job.ticket, p_versions, p_job.id
      ) as o;
    when 'restore' then
      return query select o.* from moderation.restore_messages(
        p_ids, p_job.actor, p_job.reason, p_job.ticket, p_versions, p_job.id
      ) as o;
    when 'redact' then
      return query select o.* from moderation.redact_messages(
        p_ids, p_job.actor, p_job.reason, p_job.ticket, p_versions, p_job.id
      ) as o;
    when 'purge' then
      return query select o.* from moderation.purge_messages(
        p_ids, p_job.actor, p_job.reason, p_job.ticket, p_versions, p_job.id
      ) as o;
  end case;
end
$$;

revoke execute on function moderation.create_job(text, uuid[], text[], text, text, text, text) from public;
revoke execute on function private.job_of_plan(text, text, uuid[], text[]) from public;
revoke execute on function moderation.run_job(uuid, integer, text) from public;
revoke execute on function moderation.cancel_job(uuid, text, text, text) from public;
revoke execute on function private.lock_job(uuid) from public;
revoke execute on function private.moderate_messages(private.moderation_jobs, uuid[], text[]) from public;
