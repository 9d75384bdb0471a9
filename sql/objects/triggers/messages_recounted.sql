-- After messages are deleted, restored or purged: update each conversation's count and last message, and what its
-- participants have seen. The conversations are locked first; later statements then see what was committed meanwhile.
create or replace function private.messages_recounted()
returns trigger
language plpgsql security definer
set search_path = ''
as $$
declare
  conversations uuid[];
  seqs bigint[];
  senders uuid[];
  changes integer[];
begin
  perform private.restore_lock_timeout();
  if tg_op = 'UPDATE' then
    select
      array_agg(b.conversation_id), array_agg(b.seq), array_agg(b.sender_id),
      array_agg(case when b.deleted_at is null then -1 else 1 end)
    into conversations, seqs, senders, changes
    from before b join after a on a.id = b.id
    where (b.deleted_at is null) <> (a.deleted_at is null);
  else
    select array_agg(b.conversation_id), array_agg(b.seq), array_agg(b.sender_id), array_agg(-1)
    into conversations, seqs, senders, changes
    from before b
    where b.deleted_at is null;
  end if;
  if conversations is null then
    return null;
  end if;

  perform private.lock_conversations(conversations);
  if tg_op = 'UPDATE' and private.api_writer('messages') is not null then
    perform private.refuse_outsider('messages', conversations);
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
