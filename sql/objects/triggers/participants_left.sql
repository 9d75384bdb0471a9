-- After people leave: update the count, the creator and the read states, and record who left of their own accord. An
-- emptied conversation has no creator, so that nobody can re-enter it as if they had just created it.
create or replace function private.participants_left()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  writer uuid;
begin
  if private.restore_lock_timeout() then -- otherwise they are deleted with their conversation or user
    writer := private.api_writer('conversation_participants');
  end if;
  if writer is not null then
    perform private.count_against_limit(writer, 'remove');
  end if;
  perform private.lock_conversations(array(select d.conversation_id from departed d));
  if writer is not null then
    -- The checks of the policies again: users who leave are members, and users who remove others manage the group.
    perform private.api_writer('conversation_participants');
    if exists (
      select from departed d
      join public.conversations c on c.id = d.conversation_id
      where not exists (
        select from public.organization_members o
        where o.organization_id = c.organization_id and o.user_id = writer
      )
        or (d.user_id <> writer and c.created_by is distinct from writer)
    ) then
      perform private.refuse_row('conversation_participants');
    end if;
    -- Who is muted may leave, but not remove others.
    perform private.refuse_muted(writer, c.organization_id, c.id)
    from departed d
    join public.conversations c on c.id = d.conversation_id
    where d.user_id <> writer;
    insert into private.departures as l (conversation_id, user_id, left_at)
    select d.conversation_id, d.user_id, array[clock_timestamp()]
    from departed d
    where d.user_id = writer
    on conflict (conversation_id, user_id) do update set left_at = array(
      select e.at
      from private.limits r
      cross join lateral private.window_entries(l.left_at || excluded.left_at, null, clock_timestamp(), r.per) as e
      where r.action = 'return'
    );
  end if;
  update public.conversations c
  set participant_count = c.participant_count - d.size, created_by = private.creator_of(c.id)
  from (select p.conversation_id, count(*)::integer as size from departed p group by p.conversation_id) as d
  where c.id = d.conversation_id;
  delete from private.read_states r
  using departed d
  where r.conversation_id = d.conversation_id and r.user_id = d.user_id;
  return null;
end
$$;

revoke execute on function private.participants_left() from public;

create or replace trigger participants_left
after delete on public.conversation_participants
referencing old table as departed
for each statement execute function private.participants_left();
