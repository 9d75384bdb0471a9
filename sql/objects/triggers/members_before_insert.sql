-- Before somebody rejoins an organization in whose conversations they are still listed: lock these conversations.
-- members_changed would lock them later, after the foreign key has locked the profile; that could deadlock with the
-- deletion of the user.
create or replace function private.members_before_insert()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  -- First wait for an existing row that another session is removing, as the unique index would: that session locks these
  -- conversations, too.
  if coalesce(current_setting('chat.last_locked', true), '') = '' then
    perform from public.organization_members m
    where m.organization_id = new.organization_id and m.user_id = new.user_id
    for key share;
  elsif exists (
    select from public.organization_members m
    where m.organization_id = new.organization_id and m.user_id = new.user_id
  ) then
    perform from public.organization_members m
    where m.organization_id = new.organization_id and m.user_id = new.user_id
    for key share skip locked;
    if not found then
      perform private.refuse_to_wait();
    end if;
  end if;
  perform private.lock_conversations(array(
    select c.id
    from public.conversation_participants p
    join public.conversations c on c.id = p.conversation_id
    where p.user_id = new.user_id and c.organization_id = new.organization_id
  ));
  return new;
end
$$;

revoke execute on function private.members_before_insert() from public;

create or replace trigger members_before_insert
before insert on public.organization_members
for each row execute function private.members_before_insert();
