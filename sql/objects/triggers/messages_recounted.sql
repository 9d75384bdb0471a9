-- After messages are changed: refuse a client who no longer has access. After they are deleted, restored, purged, or lose
-- their sender: update each conversation's count and last message, and what its participants have seen. The conversations
-- are locked first; later statements then see what was committed meanwhile.
create or replace function private.messages_recounted()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  conversations uuid[];
  seqs bigint[];
  senders uuid[];
  changes integer[];
  changed uuid[] := '{}';
  erased_organizations uuid[];
  erased_in uuid[];
  erased_senders uuid[];
  erased_seqs bigint[];
begin
  perform private.restore_lock_timeout();
  if tg_op = 'UPDATE' then
    select
      array_agg(b.conversation_id), array_agg(b.seq), array_agg(b.sender_id),
      array_agg(case when b.deleted_at is null then -1 else 1 end)
    into conversations, seqs, senders, changes
    from before b join after a on a.id = b.id
    where (b.deleted_at is null) <> (a.deleted_at is null);
    -- A deleted message has no seq here: it is in nobody's count.
    select
      array_agg(b.organization_id), array_agg(b.conversation_id), array_agg(b.sender_id),
      array_agg(case when b.deleted_at is null then b.seq end)
    into erased_organizations, erased_in, erased_senders, erased_seqs
    from before b join after a on a.id = b.id
    where a.sender_id is null and b.sender_id is not null
      and b.sender_id::text is distinct from current_setting('chat.deleted_user', true);
    if erased_in is not null then
      perform private.refuse_held(erased_organizations, erased_in, erased_senders);
    end if;
    -- Erasing the sender is part of deleting a user and not a change by a client.
    changed := array(
      select a.conversation_id from before b join after a on a.id = b.id
      where a.sender_id is not distinct from b.sender_id
    );
  else
    perform private.refuse_held(
      array(select distinct b.organization_id from before b),
      array(select distinct b.conversation_id from before b),
      array(select distinct b.sender_id from before b)
    );
    select array_agg(b.conversation_id), array_agg(b.seq), array_agg(b.sender_id), array_agg(-1)
    into conversations, seqs, senders, changes
    from before b
    where b.deleted_at is null;
  end if;
  if conversations is not null or erased_in is not null then
    perform private.lock_conversations(conversations || erased_in);
  end if;
  -- Checked again: the statement may have waited after it changed the first of several messages.
  if changed <> '{}' and private.api_writer('messages') is not null then
    perform private.refuse_outsider('messages', changed);
  end if;
  if erased_in is not null then
    -- Users have seen their own messages; a message without a sender is not anybody's own.
    update private.read_states r
    set seen_count = r.seen_count - t.messages
    from (
      select s.conversation_id, s.user_id, count(*) as messages
      from unnest(erased_in, erased_senders, erased_seqs) as e (conversation_id, sender_id, seq)
      join private.read_states s
        on s.conversation_id = e.conversation_id and s.user_id = e.sender_id and s.last_read_seq < e.seq
      group by s.conversation_id, s.user_id
    ) as t
    where r.conversation_id = t.conversation_id and r.user_id = t.user_id;
  end if;
  if conversations is null then
    return null;
  end if;
  update public.conversations c
  set message_count = c.message_count + t.change,
      last_message_seq = coalesce((
        select max(m.seq) from public.messages m
        where m.conversation_id = c.id and m.deleted_at is null
      ), 0)
  from (
    select d.conversation_id, sum(d.change) as change
    from unnest(conversations, changes) as d (conversation_id, change)
    group by d.conversation_id
  ) as t
  where c.id = t.conversation_id;
  update private.read_states r
  set seen_count = r.seen_count + t.change
  from (
    select s.conversation_id, s.user_id, sum(d.change) as change
    from unnest(conversations, seqs, senders, changes) as d (conversation_id, seq, sender_id, change)
    join private.read_states s
      on s.conversation_id = d.conversation_id and (s.last_read_seq >= d.seq or s.user_id = d.sender_id)
    group by s.conversation_id, s.user_id
  ) as t
  where r.conversation_id = t.conversation_id and r.user_id = t.user_id;
  return null;
end
$$;

revoke execute on function private.messages_recounted() from public;

create or replace trigger messages_deleted_or_restored
after update on public.messages
referencing old table as before new table as after
for each statement execute function private.messages_recounted();

create or replace trigger messages_purged
after delete on public.messages
referencing old table as before
for each statement execute function private.messages_recounted();
