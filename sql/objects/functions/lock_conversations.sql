-- Lock a conversation. seq, counters and read states change only under this lock.
--
-- Every write takes its locks in this order, so that no two writes wait for each other:
--   1. the turn of a user: the row of private.send_windows, see take_turn
--   2. rows of participants, reports, messages and organization members
--   3. conversations, by ascending id
--   4. read states
--   5. profiles, through foreign keys
-- An act that deletes or suspends a user locks the user's row in auth.users before the turn, as Auth itself does.
--
-- PostgreSQL locks a row before its BEFORE ROW triggers run. Conversations are therefore locked by AFTER STATEMENT
-- triggers, which know every row that a statement changed. An INSERT locks no rows, so it locks its conversation in a
-- BEFORE ROW trigger.
--
-- The transaction remembers the last conversation that it locked. A conversation with a lower id (rows of several
-- conversations in one INSERT, in another order) is locked only if nobody else holds it; otherwise the statement is
-- refused.
create or replace function private.lock_conversation(p_conversation_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
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
set search_path = pg_catalog, pg_temp
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
