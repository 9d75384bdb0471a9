-- Before somebody leaves a group, or is removed from it by its creator: one at a time, so that whoever waits for the row of
-- a participant holds no other. Not where a project lets its users delete conversations, or themselves, which cascades.
create or replace function private.participants_before_delete()
returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
  if private.api_writer('conversation_participants') is not null then
    perform private.allow_one_row('Remove one person at a time'), private.hold_briefly();
  end if;
  return old;
end
$$;

revoke execute on function private.participants_before_delete() from public;

create or replace trigger participants_before_delete
before delete on public.conversation_participants
for each row when (pg_trigger_depth() = 0)
execute function private.participants_before_delete();
