-- Before somebody comes back to an organization in whose conversations they are still listed: these are locked, as
-- members_changed will, but before the foreign key locks the profile. It would be a deadlock with the deletion of that
-- user, and whoever waits for one of the conversations would be caught in it.
create or replace function private.members_before_insert()
returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
  perform private.lock_conversations(array(
    select c.id
    from public.conversation_participants p
    join public.conversations c on c.id = p.conversation_id
    where p.user_id = new.user_id and c.organization_id = new.organization_id and c.is_group
  ));
  return new;
end
$$;

revoke execute on function private.members_before_insert() from public;

create or replace trigger members_before_insert
before insert on public.organization_members
for each row execute function private.members_before_insert();
