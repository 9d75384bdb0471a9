-- After participants change their marks: count them against the limit, each conversation once and once more for each
-- thousand messages left unread, because others wait while these are counted. Then update how far each conversation is
-- read.
create or replace function private.participants_read()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  writer uuid;
  conversations uuid[] := array(
    select a.conversation_id
    from before b join after a on a.id = b.id
    where a.last_read_at is distinct from b.last_read_at
  );
begin
  if not exists (select from after) then
    return null;
  end if;
  writer := private.api_writer('conversation_participants');
  if writer is not null then
    -- How many messages are counted under the lock; looked up before it is taken.
    perform private.count_against_limit(writer, 'mark', greatest(w.marks, least(w.marks + w.messages / 1000, l.allowed)))
    from (
      select
        count(*) as marks,
        coalesce(sum(private.messages_after(a.conversation_id, a.last_read_at))
          filter (where a.conversation_id = any (conversations)), 0)::bigint as messages
      from after a
    ) as w
    join private.limits l on l.action = 'mark';
  end if;
  perform private.lock_conversations(conversations);
  if writer is not null then
    perform private.refuse_outsider('conversation_participants', array(select a.conversation_id from after a));
  end if;
  if conversations = '{}' then
    return null;
  end if;
  update private.read_states r
  set last_read_seq = p.last_read_seq, seen_count = p.seen_count
  from after a
  cross join lateral private.read_position(a.conversation_id, a.user_id, a.last_read_at) as p
  where r.conversation_id = a.conversation_id and r.user_id = a.user_id
    and a.conversation_id = any (conversations);
  return null;
end
$$;

revoke execute on function private.participants_read() from public;

create or replace trigger participants_read
after update on public.conversation_participants
referencing old table as before new table as after
for each statement execute function private.participants_read();
