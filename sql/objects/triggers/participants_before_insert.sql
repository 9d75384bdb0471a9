-- Before somebody joins: lock the conversation if the caller may add people to it. Users can set only their own read
-- position, and not in the future. A statement of the API adds people to only one conversation, so that it never waits
-- for a second one; participants_joined runs after the statement.
create or replace function private.participants_before_insert()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  trusted boolean := private.is_trusted();
begin
  if not trusted then
    if not private.may_add(private.current_user_id(), new.conversation_id, new.user_id) then
      perform private.refuse_row('conversation_participants');
    end if;
    perform private.refuse_return(new.conversation_id, new.user_id);
    if current_setting('chat.adding_to', true) not in ('', new.conversation_id::text) then
      perform private.refuse('PT400', 'VALIDATION_ERROR', 'Add people to one conversation at a time');
    end if;
    perform set_config('chat.adding_to', new.conversation_id::text, true);
  end if;
  perform private.wait_for_participant(new.conversation_id, new.user_id);
  perform private.lock_conversation(new.conversation_id);
  -- Check again, because others may have made changes while this waited.
  perform private.wait_for_participant(new.conversation_id, new.user_id);
  if not trusted then
    if not private.may_add(private.current_user_id(), new.conversation_id, new.user_id) then
      perform private.refuse_row('conversation_participants');
    end if;
    perform private.refuse_return(new.conversation_id, new.user_id);
    perform private.refuse_muted(private.current_user_id(), c.organization_id, c.id)
    from public.conversations c
    where c.id = new.conversation_id;
    if new.user_id is distinct from private.current_user_id() then
      new.last_read_at := null;
    end if;
  end if;
  new.last_read_at := private.reading_moment(new.conversation_id, new.last_read_at);
  return new;
end
$$;

revoke execute on function private.participants_before_insert() from public;

create or replace trigger participants_before_insert
before insert on public.conversation_participants
for each row execute function private.participants_before_insert();
