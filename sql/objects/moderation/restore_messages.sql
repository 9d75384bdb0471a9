-- `chatctl message restore`: undo a deletion. The message is again what it was, unless it was redacted.
create or replace function moderation.restore_messages(
  p_ids uuid[], p_actor text, p_reason text, p_ticket text default null,
  p_versions text[] default null, p_job_id uuid default null
)
returns table (action_id bigint, id uuid, status text, problem text)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select o.* from private.restore_locked(
    array(select m from private.lock_messages(p_ids, p_versions, false) as m), p_actor, p_reason, p_ticket, p_job_id
  ) as o;
end
$$;

create or replace function private.restore_locked(
  p_messages private.message_target[], p_actor text, p_reason text, p_ticket text, p_job_id uuid default null
)
returns table (action_id bigint, id uuid, status text, problem text)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  messages private.message_target[] := array(
    select (
      m.place, m.id, m.conversation_id, m.organization_id, m.sender_id, m.deleted, m.redacted, m.version,
      coalesce(m.problem, case when m.redacted then 'REDACTED' end)
    )::private.message_target
    from unnest(p_messages) as m
  );
  done uuid[] := array(select m.id from unnest(messages) as m where m.problem is null and m.deleted);
  deletions jsonb := private.deletions_of(done);
begin
  perform private.require_message_reason(messages, p_actor, p_reason, p_ticket, p_job_id);
  update public.messages m set deleted_at = null where m.id = any (done);
  return query select o.* from private.message_outcomes(
    private.log_messages('message.restore', messages, done, p_actor, p_reason, p_ticket, p_job_id, deletions),
    messages, done
  ) as o;
end
$$;

revoke execute on function moderation.restore_messages(uuid[], text, text, text, text[], uuid) from public;
revoke execute on function private.restore_locked(private.message_target[], text, text, text, uuid) from public;
