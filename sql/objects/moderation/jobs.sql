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
  -- Now, because a later batch cannot refuse what earlier ones have logged.
  perform private.require_reason(
    p_actor, p_reason, p_ticket, array(select distinct m.sender_id from public.messages m where m.id = any (p_ids))
  );
  insert into private.moderation_jobs (verb, actor, reason, ticket, plan_hash)
  values (p_verb, p_actor, p_reason, p_ticket, p_plan_hash)
  on conflict (plan_hash) do nothing
  returning id into job_id;
  if job_id is null then
    select j.id into strict job_id from private.moderation_jobs j where j.plan_hash = p_plan_hash;
    return job_id;
  end if;
  insert into private.moderation_job_items (job_id, place, message_id, version)
  select job_id, n.place, n.id, n.version
  from unnest(p_ids, p_versions) with ordinality as n (id, version, place);
  return job_id;
end
$$;

-- Create the job that undoes another. What was restored since, and then deleted once more, counts as changed.
create or replace function moderation.create_inverse_job(
  p_job_id uuid, p_actor text, p_reason text, p_ticket text default null
)
returns uuid
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  inverse text := (
    select case j.verb when 'delete' then 'restore' when 'restore' then 'delete' end
    from private.moderation_jobs j
    where j.id = p_job_id
  );
  ids uuid[];
  versions text[];
begin
  if inverse is null then
    perform private.refuse('PT400', 'VALIDATION_ERROR', format('Job %s cannot be undone', p_job_id));
  end if;
  select
    array_agg(i.message_id order by i.place),
    array_agg(case when m.deleted_at <> d.deleted_at then 'deleted again' end order by i.place)
  into ids, versions
  from private.moderation_job_items i
  left join (
    select l.job_id, e.id, e.deleted_at
    from private.moderation_log l
    cross join private.logged_deletions(l) as e
    where l.job_id = p_job_id and inverse = 'restore'
  ) as d on d.job_id = i.job_id and d.id = i.message_id
  left join public.messages m on m.id = i.message_id
  where i.job_id = p_job_id and i.status = 'done';
  return moderation.create_job(
    inverse, coalesce(ids, '{}'), coalesce(versions, '{}'), p_actor, p_reason, p_ticket
  );
end
$$;

-- Do the next batch of a job, with one row in the log, and return how many items are left. The transaction of the caller is
-- the batch: it is committed with its results, or not at all. Two callers take turns.
create or replace function moderation.run_job(p_job_id uuid, p_count integer)
returns bigint
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  job private.moderation_jobs;
  ids uuid[];
  versions text[];
  pending bigint;
begin
  select j.* into job from private.moderation_jobs j where j.id = p_job_id for update;
  if not found then
    perform private.refuse('PT404', 'NOT_FOUND', format('There is no job %s', p_job_id));
  end if;
  select array_agg(n.message_id order by n.place), array_agg(n.version order by n.place)
  into ids, versions
  from (
    select i.place, i.message_id, i.version
    from private.moderation_job_items i
    where i.job_id = p_job_id and i.status is null
    order by i.place
    limit p_count
  ) as n;
  update private.moderation_job_items i
  set status = o.status, problem = o.problem, action_id = o.action_id
  from private.moderate_messages(job, ids, versions) as o
  where i.job_id = p_job_id and i.message_id = o.id and i.status is null;
  select count(*) into pending from private.moderation_job_items i where i.job_id = p_job_id and i.status is null;
  if pending = 0 then
    update private.moderation_jobs j set finished_at = coalesce(j.finished_at, clock_timestamp()) where j.id = p_job_id;
  end if;
  return pending;
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
revoke execute on function moderation.create_inverse_job(uuid, text, text, text) from public;
revoke execute on function moderation.run_job(uuid, integer) from public;
revoke execute on function private.moderate_messages(private.moderation_jobs, uuid[], text[]) from public;
