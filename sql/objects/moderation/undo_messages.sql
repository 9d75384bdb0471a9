-- Undo a deletion or a restoration of messages.

-- The messages of an action and the deletions that it did or undid, in its order.
create or replace function private.logged_deletions(p_entry private.moderation_log)
returns table (place bigint, id uuid, deleted_at timestamptz, updated_at timestamptz, by_sender boolean)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select
    m.place, (m.entry ->> 'id')::uuid, (m.entry ->> 'deleted_at')::timestamptz, (m.entry ->> 'updated_at')::timestamptz,
    (m.entry ->> 'by_sender')::boolean
  from jsonb_array_elements(p_entry.details -> 'messages') with ordinality as m (entry, place)
$$;

-- Restore those of these messages that are still deleted by this action, and not by a later one or by their sender.
create or replace function private.undo_deletion(
  p_entry private.moderation_log, p_ids uuid[], p_actor text, p_reason text, p_ticket text
)
returns table (action_id bigint, id uuid, status text, problem text)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  messages private.message_target[] := array(select m from private.lock_messages(p_ids, null, false) as m);
begin
  messages := array(
    select (
      m.place, m.id, m.conversation_id, m.organization_id, m.sender_id, m.deleted, m.redacted, m.version,
      case when not m.redacted and live.deleted_at <> l.deleted_at then 'CHANGED' else m.problem end
    )::private.message_target
    from unnest(messages) as m
    left join public.messages live on live.id = m.id
    left join private.logged_deletions(p_entry) as l on l.id = m.id
    order by m.place
  );
  return query select o.* from private.restore_locked(messages, p_actor, p_reason, p_ticket) as o;
end
$$;

-- Delete the messages of a restoration again, at the time and by whom they were deleted before.
create or replace function private.undo_restoration(
  p_entry private.moderation_log, p_actor text, p_reason text, p_ticket text
)
returns table (action_id bigint, id uuid, status text, problem text)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  ids uuid[] := array(select l.id from private.logged_deletions(p_entry) as l order by l.place);
  messages private.message_target[] := array(select m from private.lock_messages(ids, null, false) as m);
  done uuid[] := array(select m.id from unnest(messages) as m where m.problem is null and not m.deleted);
begin
  perform private.require_message_reason(messages, p_actor, p_reason, p_ticket, null);
  perform set_config('chat.keep_message_updated_at', 'on', true);
  update public.messages m
  set deleted_at = coalesce(l.deleted_at, clock_timestamp()), updated_at = coalesce(l.updated_at, clock_timestamp())
  from private.logged_deletions(p_entry) as l
  where m.id = l.id and m.id = any (done);
  perform set_config('chat.keep_message_updated_at', '', true);
  update private.deleted_messages d set deleted_by = d.sender_id
  from private.logged_deletions(p_entry) as l
  where d.message_id = l.id and l.by_sender and d.message_id = any (done);
  return query select o.* from private.message_outcomes(
    private.log_messages(
      'message.delete', messages, done, p_actor, p_reason, p_ticket, null, private.deletions_of(done)
    ),
    messages, done
  ) as o;
end
$$;

revoke execute on function private.logged_deletions(private.moderation_log) from public;
revoke execute on function private.undo_deletion(private.moderation_log, uuid[], text, text, text) from public;
revoke execute on function private.undo_restoration(private.moderation_log, text, text, text) from public;
