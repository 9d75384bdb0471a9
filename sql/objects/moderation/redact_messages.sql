-- `chatctl message redact`: leave tombstones whose content is gone for good. Their files wait for Storage to delete them.
create or replace function moderation.redact_messages(
  p_ids uuid[], p_actor text, p_reason text, p_ticket text default null,
  p_versions text[] default null, p_job_id uuid default null
)
returns table (action_id bigint, id uuid, status text, problem text)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  messages private.message_target[] := array(select m from private.lock_messages(p_ids, p_versions, true) as m);
  done uuid[];
begin
  perform private.require_message_reason(messages, p_actor, p_reason, p_ticket, p_job_id);
  done := array(select m.id from unnest(messages) as m where m.problem is null and not m.redacted);
  perform private.queue_files(array(select m from unnest(messages) as m where m.id = any (done)));
  update public.messages m set deleted_at = clock_timestamp() where m.deleted_at is null and m.id = any (done);
  update private.deleted_messages d
  set content = null, attachments = null, reactions = '[]', redacted_at = clock_timestamp()
  where d.message_id = any (done);
  return query select o.* from private.message_outcomes(
    private.log_messages('message.redact', messages, done, p_actor, p_reason, p_ticket, p_job_id), messages, done
  ) as o;
end
$$;

revoke execute on function moderation.redact_messages(uuid[], text, text, text, text[], uuid) from public;
