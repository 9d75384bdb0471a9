-- What a client may do to conversations: start so many, and change one at a time.
create or replace function private.conversations_limited()
returns trigger
language plpgsql security definer
set search_path = ''
as $$
declare
  writer uuid := private.api_user();
begin
  if writer is null then
    return new;
  elsif tg_op = 'INSERT' then
    perform private.take(writer, 'conversation');
  else
    perform private.allow_one('Change one conversation at a time');
    -- The plan's client touches updated_at after each message.
    perform private.take(writer, case when new.name is distinct from old.name then 'rename' else 'mark' end);
  end if;
  return new;
end
$$;

create or replace function private.conversations_changed()
returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
  perform private.wait_as_before();
  return null;
end
$$;

revoke execute on function private.conversations_limited() from public;
revoke execute on function private.conversations_changed() from public;

create or replace trigger conversations_insert_limited
before insert on public.conversations
for each row execute function private.conversations_limited();

create or replace trigger conversations_update_limited
before update of name, updated_at on public.conversations
for each row execute function private.conversations_limited();

create or replace trigger conversations_changed
after update of name, updated_at on public.conversations
for each statement execute function private.conversations_changed();
