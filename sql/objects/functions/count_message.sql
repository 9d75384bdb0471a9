-- Take the turn of a message's sender, and count the message against the limit or refuse it, step by step.
-- messages_before_insert does this in a single statement for most messages. This function handles the rest: refused
-- messages, those of trusted roles (who need not take part), a user's first message, and any message after the first in
-- a transaction.
--   p_noted  the time to record in the window
create or replace function private.count_message(
  p_conversation_id uuid, p_organization_id uuid, p_sender_id uuid, p_noted timestamptz, p_trusted boolean
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  sent timestamptz[];
begin
  if not p_trusted and not exists (
    select from private.participations p
    where p.conversation_id = p_conversation_id and p.organization_id = p_organization_id and p.user_id = p_sender_id
      and not exists (select from private.suspended s where s.user_id = p.user_id)
  ) then
    perform private.refuse_row('messages');
  end if;
  if p_sender_id is null then
    return;
  end if;
  -- A sender who has used up the limit does not wait.
  perform private.refuse_full_window(w.sent_at) from private.send_windows w where w.user_id = p_sender_id;
  sent := private.take_turn(p_sender_id);
  if not p_trusted then
    perform private.refuse_muted(p_sender_id, p_organization_id, p_conversation_id);
  end if;
  perform private.refuse_full_window(sent);
  update private.send_windows w
  set sent_at = (sent || p_noted)[greatest(cardinality(sent) - 8, 1):]
  where w.user_id = p_sender_id;
end
$$;

revoke execute on function private.count_message(uuid, uuid, uuid, timestamptz, boolean) from public;
