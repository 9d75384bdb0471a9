-- Limit what clients may do to conversations: how many they create per hour, and one change at a time. It checks membership
-- and participation as the policies do, but after the statement has waited for locks.
create or replace function private.conversations_limited()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  writer uuid := private.api_writer('conversations');
begin
  if writer is null then
    return new;
  elsif tg_op = 'INSERT' then
    if not exists (select from private.my_organizations o where o.organization_id = new.organization_id) then
      perform private.refuse_row('conversations');
    end if;
    perform private.refuse_muted(writer, new.organization_id);
    perform private.count_against_limit(writer, 'conversation');
  else
    perform private.allow_one_row('Change one conversation at a time');
    perform private.lock_conversation(new.id); -- locked already; this records it for later statements
    perform private.refuse_outsider('conversations', array[new.id]);
    perform private.refuse_muted(writer, new.organization_id, new.id);
    -- The plan's client touches updated_at after each message.
    perform private.count_against_limit(writer, case when new.name is distinct from old.name then 'rename' else 'touch' end);
  end if;
  return new;
end
$$;

create or replace function private.conversations_changed()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform private.restore_lock_timeout();
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
