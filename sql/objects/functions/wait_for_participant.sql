-- Before a person is added to a conversation: wait for changes of an existing row of theirs. They may be leaving, or
-- marking it as read, and hold that row while they wait for the conversation; the unique index would wait for that row.
-- With a conversation locked already this would deadlock, so the INSERT is refused.
create or replace function private.wait_for_participant(p_conversation_id uuid, p_user_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (
    select from public.conversation_participants p
    where p.conversation_id = p_conversation_id and p.user_id = p_user_id
  ) then
    return;
  elsif coalesce(current_setting('chat.last_locked', true), '') = '' then
    perform from public.conversation_participants p
    where p.conversation_id = p_conversation_id and p.user_id = p_user_id
    for no key update;
    return;
  end if;
  perform from public.conversation_participants p
  where p.conversation_id = p_conversation_id and p.user_id = p_user_id
  for no key update skip locked;
  if not found then
    perform private.refuse_to_wait();
  end if;
end
$$;

revoke execute on function private.wait_for_participant(uuid, uuid) from public;
