-- Set updated_at, which clients cannot set, and never move it back. A message takes its time from its conversation, so
-- created_at increases with seq even if the clock was set back.
create or replace function private.set_updated_at()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  new.updated_at := greatest(clock_timestamp(), old.updated_at + interval '1 microsecond');
  return new;
end
$$;

-- The same for conversations. Deleting or restoring a message only changes counts: the conversation keeps its time, and
-- its place in people's lists. So it does when an operator locks it, or adds and removes people.
create or replace function private.set_conversations_updated_at()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if new.last_seq = old.last_seq and (
    new.message_count <> old.message_count or current_setting('chat.keep_updated_at', true) = 'on'
  ) then
    new.updated_at := old.updated_at;
  else
    new.updated_at := greatest(clock_timestamp(), old.updated_at + interval '1 microsecond');
  end if;
  return new;
end
$$;

revoke execute on function private.set_updated_at() from public;
revoke execute on function private.set_conversations_updated_at() from public;

create or replace trigger set_conversations_updated_at
before update on public.conversations
for each row execute function private.set_conversations_updated_at();

create or replace trigger set_user_profiles_updated_at
before update on public.user_profiles
for each row execute function private.set_updated_at();
