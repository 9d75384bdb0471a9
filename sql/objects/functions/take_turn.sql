-- Wait for a user's turn to write, and keep it until the transaction ends. Returns the times of their last messages that
-- count; null for a user without profile. One user's writes thus run one after another, from any number of devices. This
-- is the first lock of a transaction. If a conversation is locked already (messages of several senders in one statement
-- of a trusted role), it does not wait; see lock_conversations.
create or replace function private.take_turn(p_user_id uuid)
returns timestamptz[]
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  sent timestamptz[];
  usual text := current_setting('lock_timeout');
begin
  if current_setting('chat.last_locked', true) <> '' then
    select w.sent_at into sent
    from private.send_windows w where w.user_id = p_user_id for no key update skip locked;
    if found then
      return sent;
    elsif exists (select from private.send_windows w where w.user_id = p_user_id) then
      perform private.refuse_to_wait();
    end if;
  end if;
  select w.sent_at into sent
  from private.send_windows w where w.user_id = p_user_id for no key update;
  if found then
    return sent;
  end if;
  begin
    -- The first write of this user. If another session is inserting the same row, this waits for it.
    if current_setting('chat.last_locked', true) <> '' then
      perform set_config('lock_timeout', '300ms', true);
    end if;
    insert into private.send_windows (user_id, muted_until)
    select u.id, private.mute_end(u.id) from public.user_profiles u where u.id = p_user_id
    on conflict do nothing;
    perform set_config('lock_timeout', usual, true);
  exception
    when foreign_key_violation then
      return null; -- the user is being deleted
    when lock_not_available then
      perform private.refuse_to_wait();
  end;
  select w.sent_at into sent
  from private.send_windows w where w.user_id = p_user_id for no key update;
  return sent;
end
$$;

revoke execute on function private.take_turn(uuid) from public;
