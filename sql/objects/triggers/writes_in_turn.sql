-- Before a statement of the API writes: wait for the user's turn. One user's statements, from any number of devices,
-- then write one after another and cannot deadlock with each other. A user who was suspended meanwhile is refused.
--   argument: the action, if the statement has only one; when its limit is used up, it is refused without waiting
create or replace function private.writes_in_turn()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  writer uuid := private.api_user();
begin
  if writer is not null then
    if tg_nargs > 0 then
      perform private.refuse_spent(writer, tg_argv[0]);
    end if;
    perform private.take_turn(writer), private.api_writer(tg_table_name);
  end if;
  return null;
end
$$;

revoke execute on function private.writes_in_turn() from public;

-- Only for the columns that clients write. Other columns change within a statement that has taken its turn.
create or replace trigger conversations_insert_in_turn
before insert on public.conversations
for each statement execute function private.writes_in_turn('conversation');

create or replace trigger conversations_update_in_turn
before update of name, updated_at on public.conversations
for each statement execute function private.writes_in_turn();

create or replace trigger participants_insert_in_turn
before insert on public.conversation_participants
for each statement execute function private.writes_in_turn('add');

create or replace trigger participants_update_in_turn
before update of is_starred, is_muted, last_read_at on public.conversation_participants
for each statement execute function private.writes_in_turn('mark');

create or replace trigger participants_delete_in_turn
before delete on public.conversation_participants
for each statement execute function private.writes_in_turn('remove');

-- An insert takes the turn of its sender; see messages_before_insert.
create or replace trigger messages_update_in_turn
before update of content, reactions, deleted_at on public.messages
for each statement execute function private.writes_in_turn();

create or replace trigger profiles_update_in_turn
before update on public.user_profiles
for each statement execute function private.writes_in_turn('profile');
