-- Check a conversation: a group has a name and at most 50 people, a direct conversation no name and at most two. Check
-- constraints would be parsed for every statement that changes a conversation; sending a message, which changes none of
-- these columns, would take 5 % longer. The errors are those of check constraints. As with other triggers, rows that are
-- loaded with triggers off are not checked.
create or replace function private.conversations_checked()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
set standard_conforming_strings = on
as $$
declare
  broken text := case
    when new.participant_count not between 0 and case when new.is_group then 50 else 2 end
      then 'conversations_participant_count'
    -- An older name stays as it is when people join or leave.
    when tg_op = 'UPDATE' and (new.name, new.is_group) is not distinct from (old.name, old.is_group) then null
    when new.is_group and coalesce(char_length(btrim(new.name, E' \t\r\n')), 0) > 0 and char_length(new.name) <= 255 then null
    when not new.is_group and new.name is null then null
    else 'conversations_name'
  end;
begin
  if broken is not null then
    raise check_violation using
      message = format('new row for relation "conversations" violates check constraint "%s"', broken),
      schema = 'public', table = 'conversations', constraint = broken;
  end if;
  return new;
end
$$;

revoke execute on function private.conversations_checked() from public;

create or replace trigger conversations_checked
before insert or update of name, is_group, participant_count on public.conversations
for each row execute function private.conversations_checked();
