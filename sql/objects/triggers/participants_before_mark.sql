-- Before somebody marks a conversation: the read position cannot be in the future. Their row is held only briefly, because
-- the creator may want to remove them.
create or replace function private.participants_before_mark()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if private.api_user() is not null then
    perform private.hold_briefly();
  end if;
  if new.last_read_at is distinct from old.last_read_at then
    new.last_read_at := private.reading_moment(new.conversation_id, new.last_read_at);
  end if;
  return new;
end
$$;

revoke execute on function private.participants_before_mark() from public;

create or replace trigger participants_before_mark
before update of is_starred, is_muted, last_read_at on public.conversation_participants
for each row execute function private.participants_before_mark();
