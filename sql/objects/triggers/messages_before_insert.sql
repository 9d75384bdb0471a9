-- Accept a message: the sender's limit, then seq and time, under the lock of the conversation.
-- Locks go sender's turn, conversation, read state. Who may not send there is refused before anything is locked, and
-- again after the wait for the locks: a message is judged by the membership of the moment at which it is accepted.
create or replace function private.messages_before_insert()
returns trigger
language plpgsql security definer
set search_path = ''
-- One plan for the update below, which PostgreSQL otherwise plans anew each time.
set plan_cache_mode = force_generic_plan
as $$
declare
  -- Asked of the roles that may be: of clients that takes longer than the answer.
  trusted boolean := current_setting('role', true) is distinct from 'authenticated' and private.is_trusted();
  live integer := (new.deleted_at is null)::integer;
  window_open timestamptz[];
begin
  new.reactions := coalesce(new.reactions, '[]');
  if not trusted then
    if new.sender_id is distinct from private.current_user_id() or not exists (
      select from private.participations p
      where p.conversation_id = new.conversation_id and p.organization_id = new.organization_id
        and p.user_id = new.sender_id
    ) then
      perform private.refuse_row('messages');
    end if;
    if new.reactions <> '[]' then
      new.reactions := private.merge_reactions('[]', new.reactions, new.sender_id);
    end if;
  end if;
  if new.deleted_at is null then
    perform private.refuse_message(new.content, new.attachments, new.reactions);
  end if;

  if new.sender_id is not null then
    select w.sent_at into window_open
    from private.send_windows w where w.user_id = new.sender_id for no key update skip locked;
    if not found then
      -- Whoever is over the limit waits for nothing.
      perform private.refuse_full_window(w.sent_at) from private.send_windows w where w.user_id = new.sender_id;
      window_open := private.take_turn(new.sender_id);
    end if;
  end if;

  -- In this order, and in one statement: each takes as long to begin as its function does.
  perform
    private.refuse_full_window(window_open), private.lock_conversation(new.conversation_id);
  -- Clients give no ids. Without the lock another session could be inserting this message at the same time; and an ON
  -- CONFLICT DO NOTHING would leave a gap in seq.
  if trusted and exists (select from public.messages m where m.id = new.id) then
    raise unique_violation using
      message = format('message %s exists', new.id), constraint = 'messages_pkey', table = 'messages';
  end if;
  update public.conversations c
  set last_seq = c.last_seq + 1,
      last_message_seq = case live when 1 then c.last_seq + 1 else c.last_message_seq end,
      message_count = c.message_count + live
  where c.id = new.conversation_id
    and (trusted or exists (
      select from public.conversation_participants p
      join public.organization_members m on m.organization_id = c.organization_id and m.user_id = p.user_id
      where p.conversation_id = c.id and p.user_id = new.sender_id
        and not exists (select from private.suspended s where s.user_id = p.user_id)
    ))
  returning c.last_seq, c.updated_at into new.seq, new.created_at;
  if not found and not trusted then
    perform private.refuse_row('messages');
  elsif not found then
    new.seq := 1; -- the foreign key refuses it
    return new;
  end if;
  new.updated_at := new.created_at;

  if new.sender_id is not null then
    update private.send_windows w
    set sent_at = (window_open || least(new.created_at, clock_timestamp()))[greatest(cardinality(window_open) - 8, 1):]
    where w.user_id = new.sender_id;
    update private.read_states r
    set seen_count = r.seen_count + live
    where r.conversation_id = new.conversation_id and r.user_id = new.sender_id and live = 1;
  end if;
  return new;
end
$$;

revoke execute on function private.messages_before_insert() from public;

create or replace trigger messages_before_insert
before insert on public.messages
for each row execute function private.messages_before_insert();
