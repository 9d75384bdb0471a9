-- `chatctl undo`: do the inverse of an action, with a row of its own in the log.
create or replace function moderation.undo(
  p_action_id bigint, p_actor text, p_reason text, p_ticket text default null
)
returns table (action text, action_id bigint, id text, status text, problem text)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  entry private.moderation_log;
begin
  select l.* into entry from private.moderation_log l where l.id = p_action_id;
  if not found then
    perform private.refuse('PT404', 'NOT_FOUND', format('There is no action %s', p_action_id));
  end if;
  case entry.action
    when 'message.delete' then
      return query select 'message.restore', o.action_id, o.id::text, o.status, o.problem
      from private.undo_deletion(
        entry, array(select l.id from private.logged_deletions(entry) as l order by l.place), p_actor, p_reason, p_ticket
      ) as o;
    when 'message.restore' then
      return query select 'message.delete', o.action_id, o.id::text, o.status, o.problem
      from private.undo_restoration(entry, p_actor, p_reason, p_ticket) as o;
    when 'user.suspend', 'user.unsuspend', 'user.mute', 'user.unmute', 'conversation.lock', 'conversation.unlock',
      'participant.add', 'participant.remove' then
      return query select * from private.undo_changes(p_action_id, p_actor, p_reason, p_ticket);
    when 'hold.create' then
      return query select u.* from private.undo_hold(entry, p_actor, p_reason, p_ticket) as u;
    when 'report.claim', 'report.release', 'report.resolve' then
      return query select u.* from private.undo_report_act(entry, p_actor, p_reason, p_ticket) as u;
    else
      perform private.refuse('PT400', 'VALIDATION_ERROR', format('%s cannot be undone', entry.action));
  end case;
end
$$;

revoke execute on function moderation.undo(bigint, text, text, text) from public;
