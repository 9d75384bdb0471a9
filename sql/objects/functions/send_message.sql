-- Send a message as the caller, and mark the conversation as read up to it. Returns the message as stored.
create or replace function public.send_message(
  p_conversation_id uuid, p_content text default null, p_attachments jsonb default null
)
returns public.messages
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  caller uuid := private.current_user_id();
  spent record;
  sent public.messages;
begin
  -- Refuse what the insert would refuse, before marking as read locks the conversation.
  perform private.refuse_message(p_content, p_attachments);
  if caller is not null then
    select l."limit", l.reset_at into spent from public.check_message_rate_limit() as l where not l.allowed;
    if found then
      perform private.refuse_limited('message', spent."limit", 0, spent.reset_at);
    end if;
  end if;
  -- Mark as read first: participants are locked before conversations (lock_conversations.sql).
  update public.conversation_participants cp
  set last_read_at = 'infinity' -- everything, see reading_moment
  where cp.conversation_id = p_conversation_id and cp.user_id = caller;
  if not found then
    perform private.refuse('PT403', 'NOT_PARTICIPANT', 'You''re not part of this conversation');
  end if;
  insert into public.messages (organization_id, conversation_id, sender_id, content, attachments)
  select c.organization_id, c.id, caller, p_content, p_attachments
  from public.conversations c
  where c.id = p_conversation_id
  returning * into sent;
  if not found then -- suspended or removed from the organization while it waited
    perform private.refuse('PT403', 'NOT_PARTICIPANT', 'You''re not part of this conversation');
  end if;
  return sent;
end
$$;

revoke execute on function public.send_message(uuid, text, jsonb) from public, anon;
grant execute on function public.send_message(uuid, text, jsonb) to authenticated, service_role;
