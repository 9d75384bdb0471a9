-- Accept a message: check and count it against the sender's limit, then assign seq and time under the conversation's
-- lock. Locks are taken in the order sender's turn, conversation, read state. A sender without access is refused before
-- the conversation is locked, and again after waiting for the lock: what holds when the message is accepted decides.
-- Starting a statement costs as much as running it, so most messages of clients take three statements, each with several
-- tasks: the first takes the turn and counts, the second locks the conversation and assigns the seq, the third checks
-- access again. All other messages go through count_message.
create or replace function private.messages_before_insert()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
-- Without this, PostgreSQL plans each statement again for every message.
set plan_cache_mode = force_generic_plan
as $$
declare
  -- Looked up only for roles other than the clients'.
  trusted boolean := current_setting('role', true) is distinct from 'authenticated' and private.is_trusted();
  live integer := (new.deleted_at is null)::integer;
  moment timestamptz := clock_timestamp();
  -- Recorded as 20 ms from now, so that it is written a second time only if the message waits longer than that.
  noted timestamptz := moment + interval '20 milliseconds';
  counted boolean;
  last_locked text := current_setting('chat.last_locked', true);
begin
  if new.reactions is null then
    new.reactions := '[]';
  end if;
  if not trusted then
    if new.sender_id is null or new.sender_id is distinct from private.claimed_user_id() then
      perform private.refuse_row('messages');
    end if;
    if new.reactions <> '[]' then
      -- merge_reactions ignores other people's reactions; a new message cannot have any.
      if exists (
        select
        from jsonb_array_elements(case jsonb_typeof(new.reactions) when 'array' then new.reactions else '[]' end) as r (entry)
        where (r.entry ->> 'userId') is distinct from new.sender_id::text
      ) then
        raise insufficient_privilege using
          message = 'a reaction can be added for oneself only', hint = 'FORBIDDEN';
      end if;
      new.reactions := private.merge_reactions('[]', new.reactions, new.sender_id);
    end if;
  end if;
  -- A short text is always valid; only other messages need the complete check.
  if new.deleted_at is null and (
    octet_length(new.content) <= 4000 and btrim(new.content, E' \t\r\n') <> ''
    and new.attachments is null and new.reactions = '[]'
  ) is not true then
    perform private.refuse_message(new.content, new.attachments, new.reactions);
  end if;

  if not trusted and coalesce(last_locked, '') = '' then
    update private.send_windows w
    set sent_at = (w.sent_at || noted)[greatest(cardinality(w.sent_at) - 8, 1):]
    from public.conversation_participants p, public.organization_members m, private.limits l
    where w.user_id = new.sender_id
      and p.conversation_id = new.conversation_id and p.user_id = new.sender_id
      and m.organization_id = new.organization_id and m.user_id = new.sender_id
      and l.action = 'message'
      and not exists (select from private.suspended s where s.user_id = new.sender_id)
      and (w.muted_until is null or w.muted_until < moment) -- else count_message looks where they are muted
      and (
        cardinality(w.sent_at) < l.allowed or w.sent_at[cardinality(w.sent_at) - l.allowed + 1] < moment - l.per
      );
    counted := found;
  end if;
  if counted then
    last_locked := set_config('chat.last_locked', new.conversation_id::text, true);
    if current_setting('chat.longest_hold', true) <> '' then
      perform private.wait_unhurried();
    end if;
  else
    perform private.count_message(new.conversation_id, new.organization_id, new.sender_id, noted, trusted);
    perform private.lock_conversation(new.conversation_id);
  end if;
  -- Only trusted roles choose ids. Checked under the lock, because another session could insert the same id, and because
  -- ON CONFLICT DO NOTHING would leave a gap in seq.
  if trusted then
    if exists (select from public.messages m where m.id = new.id) then
      raise unique_violation using
        message = format('message %s exists', new.id), constraint = 'messages_pkey', table = 'messages';
    end if;
  end if;
  update public.conversations c
  set last_seq = c.last_seq + 1,
      last_message_seq = case live when 1 then c.last_seq + 1 else c.last_message_seq end,
      message_count = c.message_count + live
  where c.id = new.conversation_id and c.organization_id = new.organization_id and c.locked_at is null
  returning c.last_seq, c.updated_at into new.seq, new.created_at;
  if not found then
    perform private.refuse_locked(new.conversation_id);
    if not trusted then
      perform private.refuse_row('messages');
    end if;
    new.seq := 1; -- the foreign key refuses it
    new.created_at := moment;
    return new;
  end if;
  new.updated_at := new.created_at;
  if current_setting('chat.longest_hold', true) <> '' then
    perform private.hold_briefly();
  end if;

  if new.sender_id is not null then
    update private.read_states r
    set seen_count = r.seen_count + live
    where r.conversation_id = new.conversation_id and r.user_id = new.sender_id
      and (trusted or exists (
        select from public.organization_members m
        where m.organization_id = new.organization_id and m.user_id = new.sender_id
          and not exists (select from private.suspended s where s.user_id = new.sender_id)
      ));
    if not found and not trusted then
      perform private.refuse_row('messages');
    end if;
    if clock_timestamp() > noted then
      update private.send_windows w
      set sent_at[cardinality(w.sent_at)] = least(new.created_at, clock_timestamp())
      where w.user_id = new.sender_id;
    end if;
  end if;
  return new;
end
$$;

revoke execute on function private.messages_before_insert() from public;

create or replace trigger messages_before_insert
before insert on public.messages
for each row execute function private.messages_before_insert();
