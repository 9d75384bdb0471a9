-- Before somebody leaves a group, or its creator removes somebody: allow one row per statement, so that a statement that
-- waits for a participant's row holds no other. Does not apply where a project lets its users delete conversations or
-- their own accounts, which cascades.
create or replace function private.participants_before_delete()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
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
