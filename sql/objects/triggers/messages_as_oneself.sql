-- A new message comes with reactions of its sender alone: there is nothing yet that a client could have read, as there is
-- where merge_reactions ignores those of others. Comes before messages_before_insert, by its name.
create or replace function private.messages_as_oneself()
returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
  if not private.is_trusted() and exists (
    select from jsonb_array_elements(new.reactions) as r (entry)
    where (r.entry ->> 'userId') is distinct from private.current_user_id()::text
  ) then
    raise insufficient_privilege using
      message = 'a reaction can be added for oneself only', hint = 'FORBIDDEN';
  end if;
  return new;
end
$$;

revoke execute on function private.messages_as_oneself() from public;

create or replace trigger messages_as_oneself
before insert on public.messages
for each row
when (new.reactions <> '[]' and jsonb_typeof(new.reactions) = 'array')
execute function private.messages_as_oneself();
