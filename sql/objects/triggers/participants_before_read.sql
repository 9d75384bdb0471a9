-- Before somebody marks a conversation read: nothing that is yet to come.
create or replace function private.participants_before_read()
returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
  new.last_read_at := private.reading_moment(new.conversation_id, new.last_read_at);
  return new;
end
$$;

revoke execute on function private.participants_before_read() from public;

create or replace trigger participants_before_read
before update of last_read_at on public.conversation_participants
for each row execute function private.participants_before_read();
