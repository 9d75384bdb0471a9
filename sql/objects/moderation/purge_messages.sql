-- `chatctl message purge`: delete the rows. private.purged_messages explains the gaps that they leave; their files wait
-- for Storage to delete them.
create or replace function moderation.purge_messages(
  p_ids uuid[], p_actor text, p_reason text, p_ticket text default null,
  p_versions text[] default null, p_job_id uuid default null
)
returns table (action_id bigint, id uuid, status text, problem text)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  messages private.message_target[] := array(
    select (
      m.place, m.id, m.conversation_id, m.organization_id, m.sender_id, m.deleted, m.redacted, m.version,
      case
        when m.problem = 'NOT_FOUND' and exists (select from private.purged_messages p where p.message_id = m.id) then null
        else m.problem
      end
    )::private.message_target
    from private.lock_messages(p_ids, p_versions, true) as m
  );
  done uuid[];
begin
  perform private.require_message_reason(messages, p_actor, p_reason, p_ticket, p_job_id);
  done := array(select m.id from unnest(messages) as m where m.problem is null and m.conversation_id is not null);
  perform private.queue_files(array(select m from unnest(messages) as m where m.id = any (done)));
  insert into private.purged_messages (message_id, conversation_id, seq, sent_at)
  select m.id, m.conversation_id, m.seq, m.created_at from public.messages m where m.id = any (done);
  delete from public.messages m where m.id = any (done);
  return query select o.* from private.message_outcomes(
    private.log_messages('message.purge', messages, done, p_actor, p_reason, p_ticket, p_job_id), messages, done
  ) as o;
end
$$;

revoke execute on function moderation.purge_messages(uuid[], text, text, text, text[], uuid) from public;
