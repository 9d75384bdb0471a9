-- The messages that an operator named, locked in the order of their ids, with what prevents acting upon them.
--   p_versions  the versions at which they were chosen, in the same order; null: whatever they are now
--   p_removes   whether their content would be gone for good, which holds prevent
create or replace function private.lock_messages(p_ids uuid[], p_versions text[], p_removes boolean)
returns setof private.message_target
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_removes then
    perform private.lock_holds();
  end if;
  perform from public.messages m where m.id = any (p_ids) order by m.id for no key update;
  return query
  select
    n.place, n.id, v.conversation_id, v.organization_id, v.sender_id, v.deleted, v.redacted, v.version,
    case
      when v.id is null then 'NOT_FOUND'
      when n.version <> v.version then 'CHANGED'
      when p_removes and exists (
        select from private.active_holds h
        where h.organization_id = v.organization_id or h.conversation_id = v.conversation_id or h.user_id = v.sender_id
      ) then 'HELD'
    end
  from unnest(p_ids, p_versions) with ordinality as n (id, version, place)
  left join private.message_versions v on v.id = n.id
  where not exists (select from unnest(p_ids) with ordinality as e (id, place) where e.id = n.id and e.place < n.place)
  order by n.place;
end
$$;

-- Refuse a reason that names a sender of these messages. That of a job was checked for all its messages when it was created:
-- a sender who takes a word of it as name cannot end the job.
create or replace function private.require_message_reason(
  p_messages private.message_target[], p_actor text, p_reason text, p_ticket text, p_job_id uuid
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (
    select from private.moderation_jobs j
    where j.id = p_job_id and j.reason = p_reason and j.ticket is not distinct from p_ticket
  ) then
    perform private.require_actor(p_actor);
  else
    perform private.require_reason(p_actor, p_reason, p_ticket, array(select m.sender_id from unnest(p_messages) as m));
  end if;
end
$$;

-- Messages with their state and version. Of a deleted message, the sender may be kept that the message itself no longer has.
create or replace view private.message_versions as
select
  m.id, m.conversation_id, m.organization_id, coalesce(m.sender_id, d.sender_id) as sender_id,
  m.deleted_at is not null as deleted,
  m.deleted_at is not null and (d.message_id is null or d.redacted_at is not null) as redacted,
  coalesce(
    private.content_hash(m.id, coalesce(m.content, d.content), coalesce(m.attachments, d.attachments)), 'empty'
  ) || case when m.deleted_at is null then '' else ' deleted' end as version
from public.messages m
left join private.deleted_messages d on d.message_id = m.id;

revoke all on private.message_versions from public, anon, authenticated, service_role;

-- Log what was done to messages.
--   p_deletions  of deletions_of: those that were done or undone
create or replace function private.log_messages(
  p_action text, p_messages private.message_target[], p_done uuid[],
  p_actor text, p_reason text, p_ticket text, p_job_id uuid, p_deletions jsonb default '{}'
)
returns bigint
language sql
set search_path = pg_catalog, pg_temp
as $$
  select private.log_act(
    p_action, array_agg('message:' || m.id order by m.place), p_actor, p_reason, p_ticket,
    case when count(distinct m.organization_id) = 1 then min(m.organization_id::text)::uuid end,
    jsonb_build_object('messages', jsonb_agg(
      jsonb_build_object('id', m.id, 'conversation_id', m.conversation_id, 'before', m.version)
        || coalesce(p_deletions -> m.id::text, '{}')
      order by m.place
    )),
    p_job_id
  )
  from unnest(p_messages) as m
  where m.id = any (p_done)
  having count(*) > 0
$$;

-- The deletions of those of these messages that are deleted, by the messages' ids. For the log, so without users' ids.
create or replace function private.deletions_of(p_ids uuid[])
returns jsonb
language sql
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(jsonb_object_agg(m.id, jsonb_build_object(
    'deleted_at', m.deleted_at, 'updated_at', m.updated_at, 'by_sender', coalesce(d.deleted_by = d.sender_id, false)
  )), '{}')
  from public.messages m
  left join private.deleted_messages d on d.message_id = m.id
  where m.id = any (p_ids) and m.deleted_at is not null
$$;

-- What became of each message: done, noop (it was so already), skipped (it has changed since), or failed with its problem.
create or replace function private.message_outcomes(
  p_action_id bigint, p_messages private.message_target[], p_done uuid[]
)
returns table (action_id bigint, id uuid, status text, problem text)
language sql
set search_path = pg_catalog, pg_temp
as $$
  select
    case when m.id = any (p_done) then p_action_id end, m.id,
    case
      when m.id = any (p_done) then 'done' when m.problem = 'CHANGED' then 'skipped' when m.problem is not null then 'failed'
      else 'noop'
    end,
    m.problem
  from unnest(p_messages) as m
  order by m.place
$$;

-- Let Storage's files of a message wait for being deleted: those of its attachments that its sender uploaded, and those
-- without an owner, as in hide_files.
create or replace function private.queue_files(p_messages private.message_target[])
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
  -- The files first: joined with all objects before, 500 messages of a bucket of 10,000 objects take 15 s.
  with files as materialized (
    select m.organization_id, m.conversation_id, m.sender_id, f.id
    from unnest(p_messages) as m
    left join public.messages live on live.id = m.id
    left join private.deleted_messages kept on kept.message_id = m.id
    cross join lateral private.file_ids(coalesce(live.attachments, kept.attachments)) as f (id)
  )
  insert into private.files_to_delete (bucket_id, name, conversation_id, attachment_id, sender_id)
  select o.bucket_id, o.name, f.conversation_id, f.id, f.sender_id
  from files f
  join storage.objects o
    on o.bucket_id = 'attachments'
    and o.name ~>=~ format('%s/chat/%s/%s_', f.organization_id, f.conversation_id, f.id)
    and o.name ~<~ format('%s/chat/%s/%s`', f.organization_id, f.conversation_id, f.id)
    and (o.owner_id is null or o.owner_id = f.sender_id::text)
  on conflict do nothing
$$;

revoke execute on function private.lock_messages(uuid[], text[], boolean) from public;
revoke execute on function private.require_message_reason(
  private.message_target[], text, text, text, uuid
) from public;
revoke execute on function private.log_messages(
  text, private.message_target[], uuid[], text, text, text, uuid, jsonb
) from public;
revoke execute on function private.deletions_of(uuid[]) from public;
revoke execute on function private.message_outcomes(bigint, private.message_target[], uuid[]) from public;
revoke execute on function private.queue_files(private.message_target[]) from public;
