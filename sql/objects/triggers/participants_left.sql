-- After people leave: the count, who manages the group from now on, and their read states. The creator of an emptied
-- conversation is nobody, so that nobody is in the place of somebody who has just made one and may read it.
create or replace function private.participants_left()
returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
  perform private.lock_conversations(array(select d.conversation_id from departed d));
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
