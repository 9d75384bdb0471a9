-- `chatctl message delete`: leave tombstones. Content and attachments are kept where restore_messages finds them.
create or replace function moderation.delete_messages(
  p_ids uuid[], p_actor text, p_reason text, p_ticket text default null,
  p_versions text[] default null, p_job_id uuid default null
)
returns table (action_id bigint, id uuid, status text, problem text)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  messages private.message_target[] := array(select m from private.lock_messages(p_ids, p_versions, false) as m);
  done uuid[];
begin
  perform private.require_message_reason(messages, p_actor, p_reason, p_ticket, p_job_id);
  with changed as (
    update public.messages m set deleted_at = clock_timestamp()
    where m.deleted_at is null and m.id in (select t.id from unnest(messages) as t where t.problem is null)
    returning m.id
  )
  select array_agg(c.id) into done from changed c;
  return query select o.* from private.message_outcomes(
    private.log_messages('message.delete', messages, done, p_actor, p_reason, p_ticket, p_job_id, private.deletions_of(done)),
    messages, done
  ) as o;
end
$$;

revoke execute on function moderation.delete_messages(uuid[], text, text, text, text[], uuid) from public;
