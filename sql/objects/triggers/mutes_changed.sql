-- After a mute is created, changed or lifted: note with the user's turn when the last of their mutes ends, where
-- messages_before_insert looks. It waits for a message that the user is sending; the next one sees the mute.
create or replace function private.mutes_changed()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  person uuid := coalesce(new.user_id, old.user_id);
  ends timestamptz := private.mute_end(person);
begin
  if ends is not null then
    perform private.take_turn(person);
  end if;
  update private.send_windows w set muted_until = ends where w.user_id = person and w.muted_until is distinct from ends;
  if ends is null then
    -- Of somebody who has never written, only the mute has made a row.
    delete from private.send_windows w
    where w.user_id = person and w.sent_at = '{}'
      and not exists (select from private.action_windows a where a.user_id = person);
  end if;
  return null;
end
$$;

-- When the last mute of a user ends: infinity if not by itself, null without one.
create or replace function private.mute_end(p_user_id uuid)
returns timestamptz
language sql
set search_path = pg_catalog, pg_temp
as $$
  select max(coalesce(m.muted_until, 'infinity')) from private.mutes m where m.user_id = p_user_id
$$;

revoke execute on function private.mutes_changed() from public;
revoke execute on function private.mute_end(uuid) from public;

create or replace trigger mutes_changed
after insert or update or delete on private.mutes
for each row execute function private.mutes_changed();
