-- What a client may say of reading: nothing for others, nothing in the future.
create or replace function private.participants_before_write()
returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
  if tg_op = 'INSERT'
    and not private.is_trusted()
    and new.user_id is distinct from private.current_user_id()
  then
    new.last_read_at := null;
  end if;
  if new.last_read_at > clock_timestamp() then
    new.last_read_at := clock_timestamp();
  end if;
  return new;
end
$$;

revoke execute on function private.participants_before_write() from public;

create or replace trigger participants_before_insert
before insert on public.conversation_participants
for each row execute function private.participants_before_write();

create or replace trigger participants_before_read
before update of last_read_at on public.conversation_participants
for each row execute function private.participants_before_write();
