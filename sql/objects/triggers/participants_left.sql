-- After people leave: the count. Their read state goes with the row.
create or replace function private.participants_left()
returns trigger
language plpgsql security definer
set search_path = ''
as $$
declare
  departure record;
begin
  for departure in
    select l.conversation_id, count(*)::integer as size
    from departed l
    group by l.conversation_id
    order by l.conversation_id
  loop
    update public.conversations c
    set participant_count = c.participant_count - departure.size
    where c.id = departure.conversation_id;
  end loop;
  return null;
end
$$;

revoke execute on function private.participants_left() from public;

create or replace trigger participants_left
after delete on public.conversation_participants
referencing old table as departed
for each statement execute function private.participants_left();
