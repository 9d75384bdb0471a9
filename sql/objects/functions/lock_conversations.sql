-- The lock of a conversation, under which seq, counters and read states change.
--
-- Everything that writes takes its locks in this order, so that nobody waits for somebody who waits for them:
--   1. the turn of a user: the row of private.send_windows, see take_turn
--   2. rows of participants, messages and organization members
--   3. conversations, by ascending id
--   4. read states
--   5. profiles, by foreign keys
-- A row is locked before its BEFORE ROW triggers run. So conversations are locked by AFTER STATEMENT triggers, which
-- know all that a statement has changed; an INSERT, which locks no row, locks its conversation in a BEFORE ROW trigger.
--
-- A transaction remembers the last conversation that it has locked. One before it (rows of several conversations in one
-- INSERT, in another order) it takes as long as nobody else has it; it does not wait, but is refused.
create or replace function private.lock_conversation(p_conversation_id uuid)
returns void
language plpgsql
set search_path = ''
as $$
declare
  last_locked uuid := nullif(current_setting('chat.last_locked', true), '');
begin
  if last_locked > p_conversation_id then
    perform from public.conversations c where c.id = p_conversation_id for no key update skip locked;
    if not found and exists (select from public.conversations c where c.id = p_conversation_id) then
      perform private.refuse_to_wait();
    end if;
  else
    perform set_config('chat.last_locked', p_conversation_id::text, true), private.wait_unhurried();
    perform from public.conversations c where c.id = p_conversation_id for no key update;
  end if;
  perform private.hold_briefly();
end
$$;

create or replace function private.lock_conversations(p_conversation_ids uuid[])
returns void
language plpgsql
set search_path = ''
as $$
declare
  conversation uuid;
begin
  for conversation in select distinct c.id from unnest(p_conversation_ids) as c (id) order by c.id loop
    perform private.lock_conversation(conversation);
  end loop;
end
$$;

revoke execute on function private.lock_conversation(uuid) from public;
revoke execute on function private.lock_conversations(uuid[]) from public;
